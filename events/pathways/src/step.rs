//! The next step of a symptom check: a pure function of release, demographics and answers.

use crate::{
    answer::{AnswerValue, PathwayAnswer},
    compiled::{AnswerSlot, CompiledRule, CompiledTarget, RuleSubject},
    demographics::{Demographic, Demographics},
    document::{AnswerType, Outcome, Question},
    release::Release,
};

/// The next step.
#[derive(Debug)]
pub enum Step<'a> {
    /// This question is asked.
    Ask(&'a Question),
    /// The symptom check ends.
    Dispose { outcome: &'a Outcome, because: Because<'a> },
}

/// The reason for an outcome: the rule that led to it, and what it looked at.
#[derive(Debug)]
pub struct Because<'a> {
    /// The question that has the rule.
    pub question: &'a Question,
    /// The number of the rule, from 1.
    pub rule: usize,
    /// The answers at which the rule looked. Answers that were not given are not among them.
    pub answers: Vec<&'a PathwayAnswer>,
    /// The demographics at which the rule looked.
    pub demographics: &'a [Demographic],
}

/// Answers that a release does not accept. Ids of questions are named, values are not: they are personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NextError {
    #[error("the release is not made for a person of this age or sex, or not for this party")]
    OutsideDemographics,
    /// Answers are in the order in which the questions are asked.
    #[error("the question is `{current}`, but the answer is to `{answered}`")]
    NotCurrent { current: String, answered: String },
    #[error("an outcome is reached, so the answer to `{answered}` is one too many")]
    AlreadyDisposed { answered: String },
    #[error("the answer to `{question}` {fault}")]
    NotOffered { question: String, fault: AnswerFault },
    /// Does not happen: a release with such a question has findings, and is not made.
    #[error("no rule of `{question}` holds")]
    NoRule { question: String },
}

/// Why an answer is not one that the question offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    #[error("has another type")]
    WrongType,
    #[error("is none of the options")]
    NotAnOption,
    #[error("is out of bounds")]
    OutOfBounds,
    #[error("has too many decimals")]
    TooManyDecimals,
    #[error("has too many characters")]
    TooLong,
    #[error("has a control character other than a line feed or a tab")]
    ControlCharacter,
}

/// The step after these answers. It depends on nothing else, so that a stored symptom check can be replayed.
///
/// # Errors
/// The release is not made for the person, an answer is not to the question that was asked when it was given, or the question does
/// not offer it.
pub fn next<'a>(
    release: &'a Release,
    demographics: &Demographics,
    answers: &'a [PathwayAnswer],
) -> Result<Step<'a>, NextError> {
    if !release.is_for(demographics) {
        return Err(NextError::OutsideDemographics);
    }
    let questions = &release.document().questions;
    let subject = RuleSubject { age_years: demographics.age_years, sex: demographics.sex, party: demographics.party };
    let mut slots = vec![AnswerSlot::Unasked; questions.len()];
    let mut current = 0;
    for (at, answer) in answers.iter().enumerate() {
        let question = &questions[current];
        if question.id != answer.question {
            let (current, answered) = (question.id.clone(), answer.question.clone());
            return Err(NextError::NotCurrent { current, answered });
        }
        slots[current] = slot(&question.answer, &answer.value, demographics)
            .map_err(|fault| NextError::NotOffered { question: question.id.clone(), fault })?;
        let rules = &release.compiled()[current].rules;
        let rule = rules.iter().position(|rule| rule.condition.holds(&subject, &slots));
        let rule = rule.ok_or_else(|| NextError::NoRule { question: question.id.clone() })?;
        match rules[rule].target {
            CompiledTarget::Question(next) => current = next,
            CompiledTarget::Outcome(outcome) => {
                if let Some(answer) = answers.get(at + 1) {
                    return Err(NextError::AlreadyDisposed { answered: answer.question.clone() });
                }
                let outcome = &release.document().outcomes[outcome];
                return Ok(Step::Dispose { outcome, because: because(release, question, rule, &rules[rule], answers) });
            }
        }
    }
    Ok(Step::Ask(&questions[current]))
}

fn because<'a>(
    release: &'a Release,
    question: &'a Question,
    number: usize,
    rule: &'a CompiledRule,
    answers: &'a [PathwayAnswer],
) -> Because<'a> {
    let looked_at = |answer: &&PathwayAnswer| {
        rule.questions.iter().any(|question| release.document().questions[*question].id == answer.question)
    };
    let answers = answers.iter().filter(looked_at).collect();
    Because { question, rule: number + 1, answers, demographics: &rule.demographics }
}

/// The answer as rules see it, if the question offers it.
fn slot(offered: &AnswerType, value: &AnswerValue, demographics: &Demographics) -> Result<AnswerSlot, AnswerFault> {
    match (offered, value) {
        (AnswerType::Choice { options }, AnswerValue::Choice(chosen)) => {
            let option = options.iter().position(|option| option.value == *chosen);
            let option = option.and_then(|index| u8::try_from(index).ok()).ok_or(AnswerFault::NotAnOption)?;
            Ok(AnswerSlot::Option(option))
        }
        (AnswerType::Number { min, max, decimals, .. }, AnswerValue::Number(number)) => {
            if number < min || number > max {
                return Err(AnswerFault::OutOfBounds);
            }
            let fits = number.has_decimals_up_to(*decimals);
            if fits { Ok(AnswerSlot::Value(number.thousandths())) } else { Err(AnswerFault::TooManyDecimals) }
        }
        (AnswerType::Date { days_ago_min, days_ago_max }, AnswerValue::Date(date)) => {
            let days_ago = demographics.today.days_since(*date);
            let fits = (i64::from(*days_ago_min)..=i64::from(*days_ago_max)).contains(&days_ago);
            if fits { Ok(AnswerSlot::Value(days_ago * 1_000)) } else { Err(AnswerFault::OutOfBounds) }
        }
        (AnswerType::Text { characters_max }, AnswerValue::Text(text)) => {
            if text.chars().count() > usize::from(*characters_max) {
                return Err(AnswerFault::TooLong);
            }
            let is_plain = text.chars().all(|character| matches!(character, '\n' | '\t') || !character.is_control());
            if is_plain { Ok(AnswerSlot::Text) } else { Err(AnswerFault::ControlCharacter) }
        }
        (
            AnswerType::Choice { .. } | AnswerType::Number { .. } | AnswerType::Date { .. } | AnswerType::Text { .. },
            AnswerValue::Choice(_) | AnswerValue::Number(_) | AnswerValue::Date(_) | AnswerValue::Text(_),
        ) => Err(AnswerFault::WrongType),
    }
}
