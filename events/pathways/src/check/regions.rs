//! The variables of a release, each divided into regions between which no rule distinguishes.

use std::collections::BTreeSet;

use crate::{
    compiled::{AnswerSlot, CompiledCondition, CompiledQuestion, RuleSubject},
    decimal::{Decimal, step},
    demographics::{Party, Sex},
    document::{AnswerType, PathwayDocument, Question},
};

/// The places of the variables in a situation: age, sex, party (in the order of `Demographic`), and the answers.
pub(super) const AGE: usize = 0;
const SEX: usize = 1;
const PARTY: usize = 2;
pub(super) const ANSWERS: usize = 3;

/// A region for each variable; 0 for an answer that was not given, and for a variable at which no later rule looks.
pub(super) type RegionVector = Box<[u8]>;

pub(super) struct Regions {
    ages: Vec<ValueRegion<u8>>,
    sexes: Vec<Sex>,
    parties: Vec<Party>,
    /// For each question. The first region is that of an answer that was not given.
    answers: Vec<Vec<ValueRegion<AnswerSlot>>>,
}

/// A region: one value of it, and its name.
struct ValueRegion<T> {
    representative: T,
    name: String,
}

impl Regions {
    /// `None` if a variable has more than 255 regions.
    pub(super) fn of(document: &PathwayDocument, questions: &[CompiledQuestion]) -> Option<Regions> {
        let mut cuts = Cuts { ages: BTreeSet::new(), answers: vec![BTreeSet::new(); questions.len()] };
        questions.iter().flat_map(|question| &question.rules).for_each(|rule| cuts.add(&rule.condition));
        let (min, max) = (i64::from(document.ages.min), i64::from(document.ages.max));
        let ages = parts(min, max, 1, &cuts.ages).map(|(from, to)| ValueRegion {
            representative: u8::try_from(from).unwrap_or(u8::MAX),
            name: between(&from.to_string(), &to.to_string()),
        });
        let answers = document.questions.iter().zip(&cuts.answers);
        let regions = Regions {
            ages: ages.collect(),
            sexes: document.sexes.clone(),
            parties: document.parties.clone(),
            answers: answers.map(|(question, cuts)| answers_of(question, cuts)).collect(),
        };
        let most = regions.answers.iter().map(Vec::len).max().unwrap_or_default().max(regions.ages.len());
        (most <= usize::from(u8::MAX)).then_some(regions)
    }

    pub(super) fn variables(&self) -> usize {
        ANSWERS + self.answers.len()
    }

    /// The number of regions of a question's answer.
    pub(super) fn answers(&self, question: usize) -> usize {
        self.answers[question].len() - 1
    }

    /// The situations before the first question, in which nothing is answered.
    pub(super) fn at_start(&self, needed: &[bool]) -> BTreeSet<RegionVector> {
        let count = |variable: usize, count: usize| if needed[variable] { count } else { 1 };
        let mut all = BTreeSet::new();
        for age in 0..count(AGE, self.ages.len()) {
            for sex in 0..count(SEX, self.sexes.len()) {
                for party in 0..count(PARTY, self.parties.len()) {
                    let mut situation = vec![0; self.variables()].into_boxed_slice();
                    for (variable, region) in [(AGE, age), (SEX, sex), (PARTY, party)] {
                        situation[variable] = u8::try_from(region).unwrap_or(u8::MAX);
                    }
                    all.insert(situation);
                }
            }
        }
        all
    }

    /// The situation without the variables that are not needed.
    pub(super) fn only(&self, situation: &RegionVector, needed: &[bool]) -> RegionVector {
        situation.iter().zip(needed).map(|(region, needed)| if *needed { *region } else { 0 }).collect()
    }

    /// One person and answers that are in this situation.
    pub(super) fn representative(&self, situation: &RegionVector) -> (RuleSubject, Vec<AnswerSlot>) {
        let subject = RuleSubject {
            age_years: self.ages[usize::from(situation[AGE])].representative,
            sex: self.sexes[usize::from(situation[SEX])],
            party: self.parties[usize::from(situation[PARTY])],
        };
        let answers = self.answers.iter().zip(&situation[ANSWERS..]);
        (subject, answers.map(|(parts, region)| parts[usize::from(*region)].representative).collect())
    }

    /// The situation in words, as far as it is looked at.
    pub(super) fn words(&self, document: &PathwayDocument, situation: &RegionVector, looked_at: &[bool]) -> String {
        let mut words = Vec::new();
        if looked_at[AGE] {
            words.push(format!("age {}", self.ages[usize::from(situation[AGE])].name));
        }
        if looked_at[SEX] {
            words.push(self.sexes[usize::from(situation[SEX])].name().to_owned());
        }
        if looked_at[PARTY] {
            words.push(format!("{} party", self.parties[usize::from(situation[PARTY])].name()));
        }
        for (index, question) in document.questions.iter().enumerate().filter(|(index, _)| looked_at[ANSWERS + index]) {
            let region = usize::from(situation[ANSWERS + index]);
            words.push(format!("`{}`: {}", question.id, self.answers[index][region].name));
        }
        words.join(", ")
    }
}

/// The values at which rules divide ages and answers.
struct Cuts {
    ages: BTreeSet<i64>,
    answers: Vec<BTreeSet<i64>>,
}

impl Cuts {
    /// Its depth is limited by `CONDITION_DEPTH_MAX`.
    fn add(&mut self, condition: &CompiledCondition) {
        match condition {
            CompiledCondition::Age { from, below } => self.ages.extend([i64::from(*from), i64::from(*below)]),
            CompiledCondition::InRange { question, from, below } => self.answers[*question].extend([*from, *below]),
            CompiledCondition::All(conditions) | CompiledCondition::Any(conditions) => {
                conditions.iter().for_each(|each| self.add(each));
            }
            CompiledCondition::Not(condition) => self.add(condition),
            CompiledCondition::Always
            | CompiledCondition::Chosen { .. }
            | CompiledCondition::Sex(_)
            | CompiledCondition::Party(_) => {}
        }
    }
}

/// The parts of a range, as their first and last values; values have this distance.
fn parts(min: i64, max: i64, distance: i64, cuts: &BTreeSet<i64>) -> impl Iterator<Item = (i64, i64)> {
    let inner = || cuts.iter().copied().filter(move |cut| *cut > min && *cut <= max);
    let starts = std::iter::once(min).chain(inner());
    let ends = inner().map(move |cut| cut - distance).chain(std::iter::once(max));
    starts.zip(ends).collect::<Vec<_>>().into_iter()
}

fn between(from: &str, to: &str) -> String {
    if from == to { from.to_owned() } else { format!("{from} to {to}") }
}

fn answers_of(question: &Question, cuts: &BTreeSet<i64>) -> Vec<ValueRegion<AnswerSlot>> {
    let part = |representative, name: String| ValueRegion { representative, name };
    let mut all = vec![part(AnswerSlot::Unasked, "not asked".into())];
    let number = |value| Decimal::from_thousandths(value).unwrap_or(Decimal::ZERO).to_string();
    match &question.answer {
        AnswerType::Choice { options } => all.extend(options.iter().enumerate().map(|(index, option)| {
            // A choice has at most 20 options.
            part(AnswerSlot::Option(u8::try_from(index).unwrap_or(u8::MAX)), option.value.clone())
        })),
        AnswerType::Number { unit, min, max, decimals } => {
            let parts = parts(min.thousandths(), max.thousandths(), step(*decimals), cuts);
            let name = |from, to| format!("{} {unit}", between(&number(from), &number(to)));
            all.extend(parts.map(|(from, to)| part(AnswerSlot::Value(from), name(from, to))));
        }
        AnswerType::Date { days_ago_min, days_ago_max } => {
            let [min, max] = [*days_ago_min, *days_ago_max].map(|days| i64::from(days) * 1_000);
            let name = |from, to| format!("{} days ago", between(&number(from), &number(to)));
            let parts = parts(min, max, 1_000, cuts);
            all.extend(parts.map(|(from, to)| part(AnswerSlot::Value(from), name(from, to))));
        }
        AnswerType::Text { .. } => all.push(part(AnswerSlot::Text, "any text".into())),
    }
    all
}
