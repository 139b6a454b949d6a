//! The rules of a question: each has a condition and a target.

use std::fmt;

use serde::Deserialize;

use crate::{
    decimal::Decimal,
    demographics::{Party, Sex},
};

/// The deepest nesting of `all`, `any` and `not`.
pub const CONDITION_DEPTH_MAX: usize = 8;
/// The most conditions of a rule, those within `all`, `any` and `not` included.
pub const CONDITIONS_MAX: usize = 50;

/// A rule: if the condition holds, the target comes next. A rule without `when` always holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "RuleForm")]
pub struct Rule {
    pub when: Option<RuleCondition>,
    pub target: RuleTarget,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleTarget {
    /// The id of the question that is asked next.
    Ask(String),
    /// The id of the outcome that is reached.
    Outcome(String),
}

/// A condition over the demographics and all answers so far. A comparison with an answer that was not given is false.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "ConditionForm")]
pub enum RuleCondition {
    Answer {
        /// `None`: the question that has the rule.
        question: Option<String>,
        comparison: AnswerComparison,
    },
    Age(AtLeastLessThan<u8>),
    Sex(Sex),
    Party(Party),
    All(Vec<RuleCondition>),
    Any(Vec<RuleCondition>),
    Not(Box<RuleCondition>),
}

#[derive(Debug, Clone)]
pub enum AnswerComparison {
    /// The answer is one of these options.
    IsOneOf(Vec<String>),
    /// The answer is a number in this range, or a date so many days ago.
    InRange(AtLeastLessThan<Decimal>),
}

/// A range: the lower bound is included, the upper is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
pub struct AtLeastLessThan<T> {
    #[serde(default = "none")]
    pub at_least: Option<T>,
    #[serde(default = "none")]
    pub less_than: Option<T>,
}

fn none<T>() -> Option<T> {
    None
}

impl<T: fmt::Display> fmt::Display for AtLeastLessThan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.at_least, &self.less_than) {
            (Some(from), Some(below)) => write!(f, "at least {from} and less than {below}"),
            (Some(from), None) => write!(f, "at least {from}"),
            (None, Some(below)) => write!(f, "less than {below}"),
            (None, None) => f.write_str("anything"),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RuleForm {
    when: Option<RuleCondition>,
    ask: Option<String>,
    outcome: Option<String>,
}

impl TryFrom<RuleForm> for Rule {
    type Error = &'static str;
    fn try_from(form: RuleForm) -> Result<Self, Self::Error> {
        let target = match (form.ask, form.outcome) {
            (Some(question), None) => RuleTarget::Ask(question),
            (None, Some(outcome)) => RuleTarget::Outcome(outcome),
            (Some(_), Some(_)) | (None, None) => return Err("a rule has either `ask` or `outcome`"),
        };
        Ok(Rule { when: form.when, target })
    }
}

/// A condition as it is written. An untagged enum would answer every mistake with "did not match any variant".
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConditionForm {
    question: Option<String>,
    is: Option<String>,
    is_one_of: Option<Vec<String>>,
    at_least: Option<Decimal>,
    less_than: Option<Decimal>,
    age: Option<AtLeastLessThan<u8>>,
    sex: Option<Sex>,
    party: Option<Party>,
    all: Option<Vec<RuleCondition>>,
    any: Option<Vec<RuleCondition>>,
    not: Option<Box<RuleCondition>>,
}

const ONE_OF: &str = "a condition has exactly one of `is`, `isOneOf`, `atLeast` with or without `lessThan`, `age`, `sex`, `party`, \
                      `all`, `any` and `not`";

impl TryFrom<ConditionForm> for RuleCondition {
    type Error = &'static str;
    fn try_from(form: ConditionForm) -> Result<Self, Self::Error> {
        let range = AtLeastLessThan { at_least: form.at_least, less_than: form.less_than };
        let range = (range.at_least.is_some() || range.less_than.is_some()).then_some(range);
        let comparisons = [
            form.is.map(|value| AnswerComparison::IsOneOf(vec![value])),
            form.is_one_of.map(AnswerComparison::IsOneOf),
            range.map(AnswerComparison::InRange),
        ];
        let has_question = form.question.is_some();
        let mut comparisons = comparisons.into_iter().flatten();
        let answer = comparisons.next().map(|comparison| RuleCondition::Answer { question: form.question, comparison });
        if comparisons.next().is_some() {
            return Err(ONE_OF);
        }
        if has_question && answer.is_none() {
            return Err("`question` has one of `is`, `isOneOf`, `atLeast`, `lessThan` beside it");
        }
        if form.age.is_some_and(|age| age.at_least.is_none() && age.less_than.is_none()) {
            return Err("`age` has `atLeast`, `lessThan` or both");
        }
        let conditions = [
            answer,
            form.age.map(RuleCondition::Age),
            form.sex.map(RuleCondition::Sex),
            form.party.map(RuleCondition::Party),
            form.all.map(RuleCondition::All),
            form.any.map(RuleCondition::Any),
            form.not.map(RuleCondition::Not),
        ];
        let mut conditions = conditions.into_iter().flatten();
        match (conditions.next(), conditions.next()) {
            (Some(condition), None) => Ok(condition),
            (Some(_) | None, Some(_)) | (None, None) => Err(ONE_OF),
        }
    }
}

/// The condition in words, for graphs. The question that has the rule is not named.
impl fmt::Display for RuleCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, conditions: &[RuleCondition], word: &str| {
            let words: Vec<String> = conditions.iter().map(ToString::to_string).collect();
            write!(f, "({})", words.join(word))
        };
        match self {
            RuleCondition::Answer { question, comparison } => {
                question.iter().try_for_each(|question| write!(f, "{question}: "))?;
                match comparison {
                    AnswerComparison::IsOneOf(options) => f.write_str(&options.join(" or ")),
                    AnswerComparison::InRange(range) => range.fmt(f),
                }
            }
            RuleCondition::Age(range) => write!(f, "age {range}"),
            RuleCondition::Sex(sex) => f.write_str(sex.name()),
            RuleCondition::Party(party) => write!(f, "{} party", party.name()),
            RuleCondition::All(conditions) => list(f, conditions, " and "),
            RuleCondition::Any(conditions) => list(f, conditions, " or "),
            RuleCondition::Not(condition) => write!(f, "not {condition}"),
        }
    }
}
