//! Questions and answers of a pathway as people read them.

use event_core::LocalDate;
use pathways::{AnswerType, Decimal, Demographics, Question, Release};
use schemars::JsonSchema;
use serde::Serialize;
use vocabulary::symptom_checks::{PathwayItemId, SymptomAnswer, SymptomAnswerValue};

/// The question that is asked now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AskedQuestion {
    pub question: PathwayItemId,
    /// True if it asks for a sign of an emergency.
    pub is_red_flag: bool,
    pub text: String,
    /// How to find the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    pub answer: OfferedAnswer,
}

/// The answers that a question offers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum OfferedAnswer {
    /// One of these.
    Choice { options: Vec<OfferedOption> },
    /// A number in this unit; both bounds are included.
    Number { unit: String, min: Decimal, max: Decimal, decimals: u8 },
    /// A day; both bounds are included.
    Date { earliest: LocalDate, latest: LocalDate },
    /// A text, which may be absent.
    Text { characters_max: u16 },
}

/// An option of a choice.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferedOption {
    pub choice: PathwayItemId,
    pub label: String,
}

/// An answer that stands.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GivenAnswer {
    pub question: PathwayItemId,
    /// The question's text. Absent if this server does not have the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The answers that the question offers. Absent with the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered: Option<OfferedAnswer>,
    pub answer: SymptomAnswerValue,
    /// The answer in words, like `Yes` or `38.5 °C`.
    pub words: String,
}

impl AskedQuestion {
    /// The question of this id for this person. `None` if the release has no such question.
    pub(super) fn of(release: &Release, id: &PathwayItemId, person: &Demographics) -> Option<AskedQuestion> {
        let question = release.question(id.as_str())?;
        Some(AskedQuestion {
            question: id.clone(),
            is_red_flag: question.red_flag,
            text: question.text.of(person.party).to_owned(),
            help: question.help.as_ref().map(|help| help.of(person.party).to_owned()),
            answer: offered(&question.answer, person.today),
        })
    }
}

fn offered(answer: &AnswerType, today: LocalDate) -> OfferedAnswer {
    match answer {
        AnswerType::Choice { options } => OfferedAnswer::Choice {
            options: options
                .iter()
                .filter_map(|option| {
                    Some(OfferedOption { choice: option.value.parse().ok()?, label: option.label.clone() })
                })
                .collect(),
        },
        AnswerType::Number { unit, min, max, decimals } => {
            OfferedAnswer::Number { unit: unit.clone(), min: *min, max: *max, decimals: *decimals }
        }
        AnswerType::Date { days_ago_min, days_ago_max } => OfferedAnswer::Date {
            earliest: today.plus_days(-i64::from(*days_ago_max)),
            latest: today.plus_days(-i64::from(*days_ago_min)),
        },
        AnswerType::Text { characters_max } => OfferedAnswer::Text { characters_max: *characters_max },
    }
}

impl GivenAnswer {
    pub(super) fn of(release: Option<&Release>, answer: SymptomAnswer, person: &Demographics) -> GivenAnswer {
        let question = release.and_then(|release| release.question(answer.question.as_str()));
        let help = question.and_then(|question| question.help.as_ref());
        GivenAnswer {
            text: question.map(|question| question.text.of(person.party).to_owned()),
            help: help.map(|help| help.of(person.party).to_owned()),
            offered: question.map(|question| offered(&question.answer, person.today)),
            words: words(question, &answer.value),
            question: answer.question,
            answer: answer.value,
        }
    }
}

/// An answer in words; `question` is that of its release.
fn words(question: Option<&Question>, value: &SymptomAnswerValue) -> String {
    let offered = question.map(|question| &question.answer);
    match value {
        SymptomAnswerValue::Choice { choice } => {
            let label = match offered {
                Some(AnswerType::Choice { options }) => options.iter().find(|option| option.value == choice.as_str()),
                Some(AnswerType::Number { .. } | AnswerType::Date { .. } | AnswerType::Text { .. }) | None => None,
            };
            label.map_or_else(|| choice.to_string(), |option| option.label.clone())
        }
        SymptomAnswerValue::Number { number } => match offered {
            Some(AnswerType::Number { unit, .. }) => format!("{number} {unit}"),
            Some(AnswerType::Choice { .. } | AnswerType::Date { .. } | AnswerType::Text { .. }) | None => {
                number.to_string()
            }
        },
        SymptomAnswerValue::Date { date } => date.to_string(),
        SymptomAnswerValue::Text { text } => {
            text.as_ref().map_or_else(|| "Nothing to add".to_owned(), |text| text.as_str().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use pathways::{CATALOGUE, Party, Sex};

    use super::*;

    fn person() -> Demographics {
        let today = "2026-03-02".parse().expect("a day");
        Demographics { age_years: 30, sex: Sex::Female, party: Party::First, today }
    }

    #[test]
    fn every_question_of_the_catalogue_offers_answers_in_words() {
        let mut seen = 0;
        for release in CATALOGUE.all() {
            for question in &release.document().questions {
                let id: PathwayItemId = question.id.parse().expect("an id");
                let asked = AskedQuestion::of(release, &id, &person()).expect("a question");
                assert_eq!((asked.is_red_flag, asked.question), (question.red_flag, id.clone()));
                let value = match asked.answer {
                    OfferedAnswer::Choice { options } => {
                        let label = options[0].label.clone();
                        let value = SymptomAnswerValue::Choice { choice: options[0].choice.clone() };
                        assert_eq!(words(Some(question), &value), label);
                        value
                    }
                    OfferedAnswer::Number { unit, min, .. } => {
                        let value = SymptomAnswerValue::Number { number: min };
                        assert_eq!(words(Some(question), &value), format!("{min} {unit}"));
                        value
                    }
                    OfferedAnswer::Date { earliest, latest } => {
                        assert!(earliest <= latest);
                        SymptomAnswerValue::Date { date: latest }
                    }
                    OfferedAnswer::Text { .. } => SymptomAnswerValue::Text { text: None },
                };
                let given = GivenAnswer::of(Some(release), SymptomAnswer { question: id, value }, &person());
                assert!(!given.words.is_empty() && given.text.as_deref() == Some(question.text.of(Party::First)));
                seen += 1;
            }
        }
        assert!(seen > 75, "{seen}");
    }
}
