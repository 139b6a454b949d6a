//! Answers of a symptom check, and the outcome to which they lead. All of them are personal data, and print masked.

use std::fmt;

use event_core::{
    LocalDate,
    personal::{KeyKind, PersonalData},
    personal_text,
};
use pathways::{AnswerValue, Decimal, Demographic, Disposition, PathwayAnswer, TimeFrame};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::PathwayItemId;

personal_text!(
    /// An answer in the person's own words.
    AnswerText, "AnswerText", 1000, true, Record
);

/// The value of an answer, of the type that the question asks for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SymptomAnswerValue {
    /// One of the question's options.
    Choice {
        choice: PathwayItemId,
    },
    /// In the unit of the question.
    Number {
        number: Decimal,
    },
    Date {
        date: LocalDate,
    },
    /// The text is absent if there is nothing to say.
    Text {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<AnswerText>,
    },
}

/// An answer to one question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomAnswer {
    pub question: PathwayItemId,
    pub value: SymptomAnswerValue,
}

/// The end of a symptom check: the outcome, and the reason for it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckOutcome {
    /// The outcome's id in the release.
    pub outcome: PathwayItemId,
    pub disposition: Disposition,
    pub time_frame: TimeFrame,
    /// The question that has the rule that led to it.
    pub question: PathwayItemId,
    /// The number of that rule, from 1.
    pub rule: u16,
    /// The answers at which the rule looked.
    pub answers: Vec<SymptomAnswer>,
    /// The properties of the person at which the rule looked.
    pub demographics: Vec<Demographic>,
}

macro_rules! masked {
    ($($name:ident),+) => {
        $(
            impl PersonalData for $name {
                const KEY: KeyKind = KeyKind::Record;
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("***")
                }
            }
        )+
    };
}
masked!(SymptomAnswerValue, SymptomAnswer, CheckOutcome);

/// The answer as pathways read it.
impl From<&SymptomAnswer> for PathwayAnswer {
    fn from(answer: &SymptomAnswer) -> PathwayAnswer {
        let value = match &answer.value {
            SymptomAnswerValue::Choice { choice: option } => AnswerValue::Choice(option.to_string()),
            SymptomAnswerValue::Number { number } => AnswerValue::Number(*number),
            SymptomAnswerValue::Date { date } => AnswerValue::Date(*date),
            SymptomAnswerValue::Text { text } => {
                AnswerValue::Text(text.as_ref().map(AnswerText::as_str).unwrap_or_default().to_owned())
            }
        };
        PathwayAnswer { question: answer.question.to_string(), value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_never_in_a_log_and_has_one_form() {
        for (form, value) in [
            (r#"{"kind":"choice","choice":"yes"}"#, AnswerValue::Choice("yes".into())),
            (r#"{"kind":"number","number":38.5}"#, AnswerValue::Number("38.5".parse().expect("a number"))),
            (r#"{"kind":"date","date":"2026-03-01"}"#, AnswerValue::Date("2026-03-01".parse().expect("a date"))),
            (r#"{"kind":"text","text":"since Tuesday"}"#, AnswerValue::Text("since Tuesday".into())),
            (r#"{"kind":"text"}"#, AnswerValue::Text(String::new())),
        ] {
            let answer = SymptomAnswer {
                question: "temperature".parse().expect("an id"),
                value: serde_json::from_str(form).expect("a value"),
            };
            assert_eq!(serde_json::to_string(&answer.value).expect("JSON"), form);
            assert_eq!(format!("{answer:?} {:?} {:?}", answer.question, answer.value), "*** *** ***");
            let question = "temperature".to_owned();
            assert!(PathwayAnswer::from(&answer) == PathwayAnswer { question, value }, "{form}");
        }
        for wrong in [
            r#"{"kind":"choice","choice":"yes","number":1}"#,
            r#"{"kind":"choice","choice":"Yes!"}"#,
            r#"{"kind":"number","number":"1"}"#,
            r#"{"choice":"yes"}"#,
        ] {
            assert!(serde_json::from_str::<SymptomAnswerValue>(wrong).is_err(), "{wrong}");
        }
    }
}
