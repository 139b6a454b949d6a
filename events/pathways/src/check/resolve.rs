//! From ids to indexes: everything that a rule names exists, and is compared as its type allows.

use std::collections::HashMap;

use crate::{
    compiled::{CompiledCondition, CompiledQuestion, CompiledRule, CompiledTarget},
    decimal::{Decimal, step},
    demographics::Demographic,
    document::{AnswerType, ChoiceOption, PathwayDocument},
    finding::{Finding, FindingKind},
    rule::{AnswerComparison, AtLeastLessThan, CONDITION_DEPTH_MAX, CONDITIONS_MAX, Rule, RuleCondition, RuleTarget},
};

/// The compiled questions, in which rules with a finding are missing.
pub(super) fn resolve(document: &PathwayDocument) -> (Vec<CompiledQuestion>, Vec<Finding>) {
    let questions = document.questions.iter().enumerate().map(|(index, question)| (question.id.as_str(), index));
    let outcomes = document.outcomes.iter().enumerate().map(|(index, outcome)| (outcome.id.as_str(), index));
    let (questions, outcomes) = (questions.collect(), outcomes.collect());
    let (mut compiled, mut findings) = (Vec::with_capacity(document.questions.len()), Vec::new());
    for (own, question) in document.questions.iter().enumerate() {
        let mut rules = Vec::with_capacity(question.next.len());
        for (number, rule) in question.next.iter().enumerate() {
            let resolver = RuleResolver { document, questions: &questions, outcomes: &outcomes, own };
            match resolver.resolve(rule) {
                Ok(rule) => rules.push(rule),
                Err((kind, fault)) => findings.push(Finding::of_rule(kind, &question.id, number, fault)),
            }
        }
        compiled.push(CompiledQuestion { rules });
    }
    (compiled, findings)
}

/// A kind of finding, and the predicate of its sentence.
type RuleFault = (FindingKind, String);

struct RuleResolver<'a> {
    document: &'a PathwayDocument,
    questions: &'a HashMap<&'a str, usize>,
    outcomes: &'a HashMap<&'a str, usize>,
    /// The question that has the rule.
    own: usize,
}

/// The answers and demographics at which a rule's condition looks, collected while it is compiled.
#[derive(Default)]
struct LookedAt {
    questions: Vec<usize>,
    demographics: Vec<Demographic>,
    conditions: usize,
}

impl LookedAt {
    fn demographic(&mut self, demographic: Demographic) {
        if !self.demographics.contains(&demographic) {
            self.demographics.push(demographic);
        }
    }
}

impl RuleResolver<'_> {
    fn resolve(&self, rule: &Rule) -> Result<CompiledRule, RuleFault> {
        let unknown = |what: &str, id: &str| {
            (FindingKind::UnknownReference, format!("leads to the {what} `{id}`, which does not exist"))
        };
        let target = match &rule.target {
            RuleTarget::Ask(id) => {
                CompiledTarget::Question(*self.questions.get(id.as_str()).ok_or_else(|| unknown("question", id))?)
            }
            RuleTarget::Outcome(id) => {
                CompiledTarget::Outcome(*self.outcomes.get(id.as_str()).ok_or_else(|| unknown("outcome", id))?)
            }
        };
        let mut seen = LookedAt::default();
        let condition = match &rule.when {
            None => CompiledCondition::Always,
            Some(condition) => self.condition(condition, 0, &mut seen)?,
        };
        Ok(CompiledRule { condition, target, questions: seen.questions, demographics: seen.demographics })
    }

    fn condition(
        &self,
        condition: &RuleCondition,
        depth: usize,
        seen: &mut LookedAt,
    ) -> Result<CompiledCondition, RuleFault> {
        seen.conditions += 1;
        if depth > CONDITION_DEPTH_MAX || seen.conditions > CONDITIONS_MAX {
            let limits = format!("nested deeper than {CONDITION_DEPTH_MAX}, or more than {CONDITIONS_MAX}");
            return Err((FindingKind::LimitExceeded, format!("has conditions that are {limits}")));
        }
        let mut all = |conditions: &[RuleCondition]| {
            if conditions.is_empty() {
                return Err((FindingKind::LimitExceeded, "has an empty list of conditions".to_owned()));
            }
            conditions.iter().map(|each| self.condition(each, depth + 1, seen)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match condition {
            RuleCondition::Answer { question, comparison } => self.answer(question.as_deref(), comparison, seen)?,
            RuleCondition::Age(range) => {
                seen.demographic(Demographic::Age);
                self.age(range)?
            }
            RuleCondition::Sex(sex) => {
                seen.demographic(Demographic::Sex);
                self.listed("sex", sex.name(), self.document.sexes.contains(sex))?;
                CompiledCondition::Sex(*sex)
            }
            RuleCondition::Party(party) => {
                seen.demographic(Demographic::Party);
                self.listed("party", party.name(), self.document.parties.contains(party))?;
                CompiledCondition::Party(*party)
            }
            RuleCondition::All(conditions) => CompiledCondition::All(all(conditions)?),
            RuleCondition::Any(conditions) => CompiledCondition::Any(all(conditions)?),
            RuleCondition::Not(condition) => {
                CompiledCondition::Not(Box::new(self.condition(condition, depth + 1, seen)?))
            }
        })
    }

    fn listed(&self, what: &str, name: &str, is_listed: bool) -> Result<(), RuleFault> {
        let fault =
            || (FindingKind::OutOfBounds, format!("looks at the {what} `{name}`, for which the release is not made"));
        if is_listed { Ok(()) } else { Err(fault()) }
    }

    fn age(&self, range: &AtLeastLessThan<u8>) -> Result<CompiledCondition, RuleFault> {
        let ages = self.document.ages;
        for bound in [range.at_least, range.less_than].into_iter().flatten() {
            if bound <= ages.min || bound > ages.max {
                let fault =
                    format!("compares the age with {bound}, which divides no ages from {} to {}", ages.min, ages.max);
                return Err((FindingKind::OutOfBounds, fault));
            }
        }
        let (from, below) = (range.at_least.unwrap_or(0), range.less_than.unwrap_or(u8::MAX));
        in_order(from, below)?;
        Ok(CompiledCondition::Age { from, below })
    }

    fn answer(
        &self,
        id: Option<&str>,
        comparison: &AnswerComparison,
        seen: &mut LookedAt,
    ) -> Result<CompiledCondition, RuleFault> {
        let unknown =
            |id: &str| (FindingKind::UnknownReference, format!("looks at the question `{id}`, which does not exist"));
        let question = match id {
            None => self.own,
            Some(id) => *self.questions.get(id).ok_or_else(|| unknown(id))?,
        };
        if !seen.questions.contains(&question) {
            seen.questions.push(question);
        }
        let asked = &self.document.questions[question];
        let unfit = |offered: &str| {
            let fault = format!("compares the answer to `{}` as what it is not: it is {offered}", asked.id);
            Err((FindingKind::UnfitComparison, fault))
        };
        match (&asked.answer, comparison) {
            (AnswerType::Choice { options }, AnswerComparison::IsOneOf(values)) => {
                Ok(CompiledCondition::Chosen { question, options: options_of(options, values)? })
            }
            (AnswerType::Number { min, max, decimals, .. }, AnswerComparison::InRange(range)) => {
                let (from, below) = number_range(range, *min, *max, *decimals)?;
                Ok(CompiledCondition::InRange { question, from, below })
            }
            (AnswerType::Date { days_ago_min, days_ago_max }, AnswerComparison::InRange(range)) => {
                let [min, max] =
                    [*days_ago_min, *days_ago_max].map(|days| Decimal::from_thousandths(i64::from(days) * 1_000));
                let (from, below) = number_range(range, min.unwrap_or(Decimal::ZERO), max.unwrap_or(Decimal::ZERO), 0)?;
                Ok(CompiledCondition::InRange { question, from, below })
            }
            (AnswerType::Choice { .. }, AnswerComparison::InRange(_)) => {
                unfit("a choice, which has `is` and `isOneOf`")
            }
            (AnswerType::Number { .. }, AnswerComparison::IsOneOf(_)) => {
                unfit("a number, which has `atLeast` and `lessThan`")
            }
            (AnswerType::Date { .. }, AnswerComparison::IsOneOf(_)) => {
                unfit("a date, which has `atLeast` and `lessThan`, in days ago")
            }
            (AnswerType::Text { .. }, AnswerComparison::IsOneOf(_) | AnswerComparison::InRange(_)) => {
                unfit("a text, at which no rule can look")
            }
        }
    }
}

fn options_of(options: &[ChoiceOption], values: &[String]) -> Result<u32, RuleFault> {
    if values.is_empty() {
        return Err((FindingKind::LimitExceeded, "has an empty list of options".into()));
    }
    values.iter().try_fold(0, |bits, value| {
        let index = options.iter().position(|option| option.value == *value);
        let unknown =
            || (FindingKind::UnknownReference, format!("looks for the option `{value}`, which does not exist"));
        index.map(|index| bits | 1 << index).ok_or_else(unknown)
    })
}

/// The range in thousandths. Each bound has to divide the possible values in two.
fn number_range(
    range: &AtLeastLessThan<Decimal>,
    min: Decimal,
    max: Decimal,
    decimals: u8,
) -> Result<(i64, i64), RuleFault> {
    for bound in [range.at_least, range.less_than].into_iter().flatten() {
        if bound <= min || bound > max {
            let fault = format!("compares an answer with {bound}, which divides no values from {min} to {max}");
            return Err((FindingKind::OutOfBounds, fault));
        }
        if bound.thousandths() % step(decimals) != 0 {
            return Err((
                FindingKind::UnfitComparison,
                format!("compares an answer with {bound}, which has more decimals"),
            ));
        }
    }
    let from = range.at_least.map_or(i64::MIN, Decimal::thousandths);
    let below = range.less_than.map_or(i64::MAX, Decimal::thousandths);
    in_order(from, below)?;
    Ok((from, below))
}

fn in_order<T: PartialOrd>(from: T, below: T) -> Result<(), RuleFault> {
    let fault = || (FindingKind::InvertedBounds, "has an `atLeast` that is not below its `lessThan`".to_owned());
    if from < below { Ok(()) } else { Err(fault()) }
}
