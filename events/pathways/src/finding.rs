//! The findings of the check of a release.

use std::fmt;

/// One fault of a release, as a sentence that says what is wrong and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub kind: FindingKind,
    /// The question that has the fault.
    pub question: Option<String>,
    /// The rule of that question, from 1.
    pub rule: Option<usize>,
    /// The whole sentence; it names question and rule, too.
    pub message: String,
}

/// The kinds of faults of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// More questions, options, characters or the like than a release may have; or none where one is needed.
    LimitExceeded,
    /// An id that is not made of `a` to `z`, `0` to `9` and `-`, or that is a column of case files.
    MalformedId,
    DuplicateId,
    /// A rule that names a question, an outcome or an option that does not exist.
    UnknownReference,
    /// A smallest value that is greater than the greatest.
    InvertedBounds,
    /// A bound or a value in a rule that is outside of what can occur: ages, numbers, dates, sexes, parties.
    OutOfBounds,
    /// A comparison that the type of the answer does not have.
    UnfitComparison,
    /// A text that is missing or empty, for one of the parties or both.
    MissingText,
    /// A question without rules.
    DeadEnd,
    /// Questions that lead back to themselves.
    Loop,
    /// A question to which no rules lead from the first question.
    UnreachableQuestion,
    /// An outcome to which no rule leads.
    UnusedOutcome,
    /// A rule that looks at an answer that is not given before.
    LooksAhead,
    /// A red flag that is asked after a question that is none.
    LateRedFlag,
    /// A red flag that has no rule that leads to 999 or to an emergency department.
    RedFlagWithoutEmergency,
    /// An option for which no rule ever holds.
    OptionLeadsNowhere,
    /// A situation in which no rule holds.
    MissingRule,
    /// A situation in which two rules hold.
    OverlappingRules,
    /// A rule that holds in no situation.
    RuleNeverHolds,
    /// More situations than a check goes through.
    TooManySituations,
}

impl FindingKind {
    pub const ALL: [FindingKind; 20] = [
        FindingKind::LimitExceeded,
        FindingKind::MalformedId,
        FindingKind::DuplicateId,
        FindingKind::UnknownReference,
        FindingKind::InvertedBounds,
        FindingKind::OutOfBounds,
        FindingKind::UnfitComparison,
        FindingKind::MissingText,
        FindingKind::DeadEnd,
        FindingKind::Loop,
        FindingKind::UnreachableQuestion,
        FindingKind::UnusedOutcome,
        FindingKind::LooksAhead,
        FindingKind::LateRedFlag,
        FindingKind::RedFlagWithoutEmergency,
        FindingKind::OptionLeadsNowhere,
        FindingKind::MissingRule,
        FindingKind::OverlappingRules,
        FindingKind::RuleNeverHolds,
        FindingKind::TooManySituations,
    ];
}

impl Finding {
    /// A fault of the release as a whole.
    pub(crate) fn of_release(kind: FindingKind, message: impl Into<String>) -> Finding {
        Finding { kind, question: None, rule: None, message: message.into() }
    }

    /// A fault of a question: "Question `x` …".
    pub(crate) fn of_question(kind: FindingKind, question: &str, fault: impl fmt::Display) -> Finding {
        let message = format!("Question `{question}` {fault}.");
        Finding { kind, question: Some(question.to_owned()), rule: None, message }
    }

    /// A fault of a rule: "Rule 2 of question `x` …". Rules count from 0 here.
    pub(crate) fn of_rule(kind: FindingKind, question: &str, rule: usize, fault: impl fmt::Display) -> Finding {
        let rule = rule + 1;
        let message = format!("Rule {rule} of question `{question}` {fault}.");
        Finding { kind, question: Some(question.to_owned()), rule: Some(rule), message }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
