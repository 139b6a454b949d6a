//! Ids, limits and bounds: what each part of a release must be on its own.

use std::collections::BTreeSet;

use crate::{
    cases::FIXED_COLUMNS,
    decimal::DECIMALS_MAX,
    demographics::AGE_YEARS_MAX,
    document::{
        ADVICE_LINES_MAX, ANSWER_CHARACTERS_MAX, AnswerType, ChoiceOption, DAYS_AGO_MAX, ID_CHARACTERS_MAX,
        OPTIONS_MAX, OUTCOMES_MAX, PathwayDocument, QUESTIONS_MAX, Question, RULES_MAX,
    },
    finding::{Finding, FindingKind},
};

pub(super) fn check(document: &PathwayDocument) -> Vec<Finding> {
    let mut findings = of_release(document);
    let questions = document.questions.iter();
    findings.extend(questions.flat_map(|question| of_answer(question).into_iter().chain(of_rules(question))));
    findings.extend(ids(document));
    findings
}

/// Can the next stages rely on the structure? Missing texts do not matter to them.
pub(super) fn is_sound(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.kind == FindingKind::MissingText)
}

fn of_release(document: &PathwayDocument) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |kind, message: String| findings.push(Finding::of_release(kind, message));
    let counts = [
        ("questions", document.questions.len(), QUESTIONS_MAX),
        ("outcomes", document.outcomes.len(), OUTCOMES_MAX),
        ("sexes", document.sexes.len(), 2),
        ("parties", document.parties.len(), 2),
    ];
    for (name, count, max) in counts {
        if !(1..=max).contains(&count) {
            found(FindingKind::LimitExceeded, format!("The release has {count} {name}; it may have 1 to {max}."));
        }
    }
    if document.release == 0 {
        found(FindingKind::OutOfBounds, "The release has the number 0; releases count from 1.".into());
    }
    if document.ages.min > document.ages.max {
        found(FindingKind::InvertedBounds, "The smallest age of the release is above the greatest.".into());
    } else if document.ages.max > AGE_YEARS_MAX {
        found(FindingKind::OutOfBounds, format!("The greatest age of the release is above {AGE_YEARS_MAX} years."));
    }
    for (what, twice) in [
        ("sex", repeated(document.sexes.iter().map(|sex| sex.name()))),
        ("party", repeated(document.parties.iter().map(|party| party.name()))),
    ] {
        if let Some(name) = twice {
            found(FindingKind::DuplicateId, format!("The release lists the {what} `{name}` twice."));
        }
    }
    for outcome in document.outcomes.iter().filter(|outcome| outcome.advice.len() > ADVICE_LINES_MAX) {
        let (id, lines) = (&outcome.id, outcome.advice.len());
        let message = format!("Outcome `{id}` has {lines} lines of advice; it may have {ADVICE_LINES_MAX}.");
        found(FindingKind::LimitExceeded, message);
    }
    findings
}

fn of_answer(question: &Question) -> Vec<Finding> {
    let found = |kind, fault: String| Finding::of_question(kind, &question.id, fault);
    match &question.answer {
        AnswerType::Choice { options } => of_options(question, options),
        AnswerType::Number { min, max, decimals, .. } => {
            if *decimals > DECIMALS_MAX {
                vec![found(FindingKind::LimitExceeded, format!("has {decimals} decimals; {DECIMALS_MAX} are the most"))]
            } else if min > max {
                vec![found(
                    FindingKind::InvertedBounds,
                    format!("has the smallest number {min} above the greatest, {max}"),
                )]
            } else if !min.has_decimals_up_to(*decimals) || !max.has_decimals_up_to(*decimals) {
                vec![found(FindingKind::OutOfBounds, "has a bound with more decimals than its answer".into())]
            } else {
                Vec::new()
            }
        }
        AnswerType::Date { days_ago_min, days_ago_max } => {
            if days_ago_min > days_ago_max {
                let fault =
                    format!("has the latest date {days_ago_min} days ago before the earliest, {days_ago_max} days ago");
                vec![found(FindingKind::InvertedBounds, fault)]
            } else if *days_ago_min < -DAYS_AGO_MAX || *days_ago_max > DAYS_AGO_MAX {
                vec![found(FindingKind::LimitExceeded, format!("has a date more than {DAYS_AGO_MAX} days from today"))]
            } else {
                Vec::new()
            }
        }
        AnswerType::Text { characters_max } => {
            let fits = (1..=ANSWER_CHARACTERS_MAX).contains(characters_max);
            let fault =
                || format!("has texts of {characters_max} characters; 1 to {ANSWER_CHARACTERS_MAX} are possible");
            if fits { Vec::new() } else { vec![found(FindingKind::LimitExceeded, fault())] }
        }
    }
}

fn of_options(question: &Question, options: &[ChoiceOption]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |kind, fault: String| findings.push(Finding::of_question(kind, &question.id, fault));
    if !(2..=OPTIONS_MAX).contains(&options.len()) {
        found(FindingKind::LimitExceeded, format!("has {} options; it may have 2 to {OPTIONS_MAX}", options.len()));
    }
    for option in options.iter().filter(|option| !is_id(&option.value)) {
        found(FindingKind::MalformedId, format!("has the option `{}`, {ID_RULE}", option.value));
    }
    if let Some(value) = repeated(options.iter().map(|option| option.value.as_str())) {
        found(FindingKind::DuplicateId, format!("has the option `{value}` twice"));
    }
    findings
}

fn of_rules(question: &Question) -> Option<Finding> {
    let count = question.next.len();
    let fault = || format!("has {count} rules; it may have {RULES_MAX}");
    (count > RULES_MAX).then(|| Finding::of_question(FindingKind::LimitExceeded, &question.id, fault()))
}

fn ids(document: &PathwayDocument) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |kind, message: String| findings.push(Finding::of_release(kind, message));
    let questions = || document.questions.iter().map(|question| question.id.as_str());
    let outcomes = || document.outcomes.iter().map(|outcome| outcome.id.as_str());
    let all = [
        ("pathway", vec![document.pathway.as_str()]),
        ("question", questions().collect()),
        ("outcome", outcomes().collect()),
    ];
    for (what, ids) in &all {
        for id in ids.iter().filter(|id| !is_id(id)) {
            found(FindingKind::MalformedId, format!("The {what} has the id `{id}`, {ID_RULE}."));
        }
        if let Some(id) = repeated(ids.iter().copied()) {
            found(FindingKind::DuplicateId, format!("There are two {what}s with the id `{id}`."));
        }
    }
    for id in questions().filter(|id| FIXED_COLUMNS.contains(id)) {
        found(FindingKind::MalformedId, format!("Question `{id}` has the name of a column of case files."));
    }
    findings
}

const ID_RULE: &str = "which is not 1 to 60 characters of a-z, 0-9 and `-`, with a letter or a digit first";

fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=ID_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('-')
}

/// The first of these that occurs a second time.
fn repeated<'a>(mut ids: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    ids.find(|id| !seen.insert(*id))
}
