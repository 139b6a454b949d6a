//! A release as it is written in its file. It can have faults, which `check` finds; a `Release` has none.

use rule_files::ContentHash;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    decimal::Decimal,
    demographics::{Party, Sex},
    disposition::Disposition,
    rule::Rule,
    time_frame::TimeFrame,
};

/// The longest file.
pub const FILE_BYTES_MAX: usize = 512 * 1024;
/// The most questions of a release.
pub const QUESTIONS_MAX: usize = 100;
/// The most outcomes of a release.
pub const OUTCOMES_MAX: usize = 100;
/// The most options of a choice.
pub const OPTIONS_MAX: usize = 20;
/// The most rules of a question.
pub const RULES_MAX: usize = 30;
/// The most lines of advice of an outcome.
pub const ADVICE_LINES_MAX: usize = 12;
/// The longest id, and the longest value of an option.
pub const ID_CHARACTERS_MAX: usize = 60;
/// The longest text of a release.
pub const TEXT_CHARACTERS_MAX: usize = 1_000;
/// The longest text that an answer can have.
pub const ANSWER_CHARACTERS_MAX: u16 = 1_000;
/// The furthest day that a date can be bounded by, before or after today.
pub const DAYS_AGO_MAX: i32 = 36_600;

/// A release of a pathway. The first question is asked first.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PathwayDocument {
    /// The pathway's id, the same in all its releases.
    pub pathway: String,
    /// 1, 2, 3 …
    pub release: u32,
    pub title: String,
    /// For the person that chooses a pathway.
    pub about: String,
    pub ages: Ages,
    pub sexes: Vec<Sex>,
    pub parties: Vec<Party>,
    pub questions: Vec<Question>,
    pub outcomes: Vec<Outcome>,
    #[serde(skip, default = "ContentHash::zero")]
    content_hash: ContentHash,
}

/// The ages for which a release is made, in whole years; both are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ages {
    pub min: u8,
    pub max: u8,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Question {
    pub id: String,
    /// Asks for a sign of an emergency. Such questions come before all others.
    #[serde(default)]
    pub red_flag: bool,
    pub text: PartyText,
    /// How to find the answer.
    #[serde(default)]
    pub help: Option<PartyText>,
    pub answer: AnswerType,
    /// Exactly one of these rules holds in every situation in which the question is answered. Their order means nothing.
    pub next: Vec<Rule>,
}

/// A text in the words for each party: "Do you …?", "Does the person …?".
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartyText {
    /// Empty if the release is not for the first party.
    #[serde(default)]
    pub first: String,
    /// Empty if the release is not for a third party.
    #[serde(default)]
    pub third: String,
}

impl PartyText {
    pub fn of(&self, party: Party) -> &str {
        match party {
            Party::First => &self.first,
            Party::Third => &self.third,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum AnswerType {
    /// One of the options.
    Choice { options: Vec<ChoiceOption> },
    /// A number in this unit; both bounds are included.
    Number { unit: String, min: Decimal, max: Decimal, decimals: u8 },
    /// A day; both bounds are included. The day 3 days ago is 3, today is 0, tomorrow is -1.
    Date { days_ago_min: i32, days_ago_max: i32 },
    /// A text, which may be empty. No rule looks at it.
    Text { characters_max: u16 },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChoiceOption {
    pub value: String,
    pub label: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Outcome {
    pub id: String,
    pub disposition: Disposition,
    pub time_frame: TimeFrame,
    pub text: PartyText,
    /// Care advice, a sentence or two a line, in words for both parties.
    pub advice: Vec<String>,
}

/// A text that is not a document of a pathway. The messages name the line and the column.
#[derive(Debug, thiserror::Error)]
pub enum UnreadablePathway {
    #[error("the file has more than {FILE_BYTES_MAX} bytes")]
    TooLong,
    #[error("this is not a release of a pathway: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl PathwayDocument {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The text is longer than 512 KiB, or does not have the form of a release: unknown, missing or repeated members, unknown
    /// dispositions, malformed time frames and numbers.
    pub fn parse(text: &str) -> Result<PathwayDocument, UnreadablePathway> {
        if text.len() > FILE_BYTES_MAX {
            return Err(UnreadablePathway::TooLong);
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut document: PathwayDocument = serde_json::from_str(text)?;
        document.content_hash = ContentHash::of(&serde_json::from_str::<Value>(text)?);
        Ok(document)
    }

    /// SHA-256 of the canonical form (RFC 8785) of the text that was read.
    pub fn content_hash(&self) -> ContentHash {
        self.content_hash
    }
}
