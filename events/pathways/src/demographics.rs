//! The person that a pathway is about, as far as it is known before the first question.

use std::fmt;

use event_core::{
    LocalDate,
    personal::{KeyKind, PersonalData},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The greatest age of a person, in whole years.
pub const AGE_YEARS_MAX: u8 = 130;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Sex {
    Female,
    Male,
}

impl Sex {
    pub const ALL: [Sex; 2] = [Sex::Female, Sex::Male];

    pub fn name(self) -> &'static str {
        match self {
            Sex::Female => "female",
            Sex::Male => "male",
        }
    }
}

/// The party that answers: the person with the symptoms (first), or another person for them (third).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Party {
    First,
    Third,
}

impl Party {
    pub const ALL: [Party; 2] = [Party::First, Party::Third];

    pub fn name(self) -> &'static str {
        match self {
            Party::First => "first",
            Party::Third => "third",
        }
    }
}

/// A property that a rule can look at besides the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Demographic {
    Age,
    Sex,
    Party,
}

/// The person with the symptoms, the party that answers, and the day. They do not change during a symptom check: a check that
/// goes on after midnight, or is replayed years later, keeps the day on which it began. Masked in `Debug`. Events hold it, so a
/// field that a later release adds is tolerated.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Demographics {
    /// In whole years, 0 to 130.
    pub age_years: u8,
    pub sex: Sex,
    pub party: Party,
    /// The day to which the bounds of dates are relative.
    pub today: LocalDate,
}

impl PersonalData for Demographics {
    const KEY: KeyKind = KeyKind::Record;
}

impl fmt::Debug for Demographics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Demographics(***)")
    }
}
