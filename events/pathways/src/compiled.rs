//! The rules of a release with indexes in place of ids, for fast evaluation.

use crate::demographics::{Demographic, Party, Sex};

#[derive(Debug)]
pub(crate) struct CompiledQuestion {
    pub rules: Vec<CompiledRule>,
}

#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub condition: CompiledCondition,
    pub target: CompiledTarget,
    /// The questions to which the condition looks at the answers, each once.
    pub questions: Vec<usize>,
    /// The demographics at which the condition looks, each once.
    pub demographics: Vec<Demographic>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompiledTarget {
    Question(usize),
    Outcome(usize),
}

#[derive(Debug)]
pub(crate) enum CompiledCondition {
    Always,
    /// The options as bits: bit 0 is the first option of the question.
    Chosen {
        question: usize,
        options: u32,
    },
    /// In thousandths, like the values of slots; `from` is included, `below` is not.
    InRange {
        question: usize,
        from: i64,
        below: i64,
    },
    /// `from` is included, `below` is not.
    Age {
        from: u8,
        below: u8,
    },
    Sex(Sex),
    Party(Party),
    All(Vec<CompiledCondition>),
    Any(Vec<CompiledCondition>),
    Not(Box<CompiledCondition>),
}

/// The demographics as rules see them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleSubject {
    pub age_years: u8,
    pub sex: Sex,
    pub party: Party,
}

/// An answer as rules see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum AnswerSlot {
    #[default]
    Unasked,
    /// The index of the option.
    Option(u8),
    /// A number, or the days since a date, in thousandths.
    Value(i64),
    Text,
}

impl CompiledCondition {
    /// Does the condition hold for this person and these answers (a slot for each question)? Its depth is limited by
    /// `CONDITION_DEPTH_MAX`.
    pub(crate) fn holds(&self, subject: &RuleSubject, slots: &[AnswerSlot]) -> bool {
        match self {
            CompiledCondition::Always => true,
            CompiledCondition::Chosen { question, options } => match slots[*question] {
                AnswerSlot::Option(option) => options >> option & 1 == 1,
                AnswerSlot::Unasked | AnswerSlot::Value(_) | AnswerSlot::Text => false,
            },
            CompiledCondition::InRange { question, from, below } => match slots[*question] {
                AnswerSlot::Value(value) => (*from..*below).contains(&value),
                AnswerSlot::Unasked | AnswerSlot::Option(_) | AnswerSlot::Text => false,
            },
            CompiledCondition::Age { from, below } => (*from..*below).contains(&subject.age_years),
            CompiledCondition::Sex(sex) => subject.sex == *sex,
            CompiledCondition::Party(party) => subject.party == *party,
            CompiledCondition::All(conditions) => conditions.iter().all(|each| each.holds(subject, slots)),
            CompiledCondition::Any(conditions) => conditions.iter().any(|each| each.holds(subject, slots)),
            CompiledCondition::Not(condition) => !condition.holds(subject, slots),
        }
    }
}
