//! Answers to the questions of a pathway.

use std::fmt;

use event_core::LocalDate;
use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;

/// The answer to one question. It is personal data and masks itself in `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PathwayAnswer {
    /// The id of the question.
    pub question: String,
    pub value: AnswerValue,
}

/// The value of an answer, such as `{"choice": "yes"}`, `{"number": 38.5}`, `{"date": "2026-11-01"}` or `{"text": "…"}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AnswerValue {
    /// The value of an option.
    Choice(String),
    /// In the unit of the question.
    Number(Decimal),
    Date(LocalDate),
    Text(String),
}

impl fmt::Debug for PathwayAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PathwayAnswer({}: ***)", self.question)
    }
}

impl fmt::Debug for AnswerValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
