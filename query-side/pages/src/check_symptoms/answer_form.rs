//! The form of one question: its fields by the type of its answer, and the answer as read from them.

use event_core::LocalDate;
use page_engine::PostedForm;
use queries::symptom_checks::{AskedQuestion, GivenAnswer, OfferedAnswer, OfferedOption};
use vocabulary::symptom_checks::SymptomAnswerValue;

use crate::{errors::FieldFaults, words};

/// A question with its fields.
pub struct AnswerForm {
    pub question: String,
    pub text: String,
    pub help: Option<String>,
    pub fields: AnswerFields,
}

pub enum AnswerFields {
    Choice(Vec<ChoiceField>),
    Number { unit: String, typed: String },
    Date([DateField; 3]),
    Text { typed: String, characters_max: u16 },
}

pub struct ChoiceField {
    pub value: String,
    pub label: String,
    pub is_chosen: bool,
}

/// A part of a date, with the id of its element: the first has the name of the question's field, so that the summary of faults
/// leads there.
pub struct DateField {
    pub id: &'static str,
    pub name: &'static str,
    pub label: &'static str,
    pub width: u8,
    pub typed: String,
}

/// The fields as they were filled in.
#[derive(Default)]
pub struct TypedAnswer {
    answer: String,
    day: String,
    month: String,
    year: String,
}

impl TypedAnswer {
    pub fn of_form(form: &PostedForm) -> TypedAnswer {
        let text = |name| form.text(name).to_owned();
        TypedAnswer { answer: text("answer"), day: text("day"), month: text("month"), year: text("year") }
    }

    /// The fields as they would be filled in to give this answer.
    pub fn of_answer(answer: &SymptomAnswerValue) -> TypedAnswer {
        let answered = |answer: String| TypedAnswer { answer, ..TypedAnswer::default() };
        match answer {
            SymptomAnswerValue::Choice { choice } => answered(choice.to_string()),
            SymptomAnswerValue::Number { number } => answered(number.to_string()),
            SymptomAnswerValue::Date { date } => {
                let civil = date.civil();
                let part = |number: i16| number.to_string();
                let (day, month, year) = (part(civil.day().into()), part(civil.month().into()), part(civil.year()));
                TypedAnswer { day, month, year, ..TypedAnswer::default() }
            }
            SymptomAnswerValue::Text { text } => {
                answered(text.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default())
            }
        }
    }

    /// The answer, if the fields read as one. The rule of the question is the command's.
    pub fn read(&self, offered: &OfferedAnswer) -> Option<SymptomAnswerValue> {
        match offered {
            OfferedAnswer::Choice { .. } => Some(SymptomAnswerValue::Choice { choice: self.answer.parse().ok()? }),
            OfferedAnswer::Number { .. } => Some(SymptomAnswerValue::Number { number: self.answer.parse().ok()? }),
            OfferedAnswer::Date { .. } => Some(SymptomAnswerValue::Date { date: self.date()? }),
            OfferedAnswer::Text { .. } if self.answer.is_empty() => Some(SymptomAnswerValue::Text { text: None }),
            OfferedAnswer::Text { .. } => Some(SymptomAnswerValue::Text { text: Some(self.answer.parse().ok()?) }),
        }
    }

    fn date(&self) -> Option<LocalDate> {
        let (day, month, year): (u8, u8, u16) =
            (self.day.parse().ok()?, self.month.parse().ok()?, self.year.parse().ok()?);
        format!("{year:04}-{month:02}-{day:02}").parse().ok()
    }
}

impl AnswerForm {
    /// The form of the question that is asked now.
    pub fn asked(asked: AskedQuestion, typed: TypedAnswer) -> AnswerForm {
        let (question, text, help) = (asked.question.to_string(), asked.text, asked.help);
        AnswerForm { question, text, help, fields: AnswerFields::of(&asked.answer, typed) }
    }

    /// The form of a question that was answered.
    pub fn answered(answer: &GivenAnswer, offered: &OfferedAnswer, typed: TypedAnswer) -> AnswerForm {
        let question = answer.question.to_string();
        let text = answer.text.clone().unwrap_or_else(|| question.clone());
        AnswerForm { question, text, help: answer.help.clone(), fields: AnswerFields::of(offered, typed) }
    }

    /// The ids of the elements that describe the field.
    pub fn described(&self, errors: &FieldFaults) -> Option<&'static str> {
        match (self.help.is_some(), !errors.is_empty()) {
            (true, true) => Some("answer-hint answer-error"),
            (true, false) => Some("answer-hint"),
            (false, true) => Some("answer-error"),
            (false, false) => None,
        }
    }
}

impl AnswerFields {
    fn of(offered: &OfferedAnswer, typed: TypedAnswer) -> AnswerFields {
        match offered {
            OfferedAnswer::Choice { options } => {
                let field = |option: &OfferedOption| ChoiceField {
                    is_chosen: option.choice.as_str() == typed.answer,
                    value: option.choice.to_string(),
                    label: option.label.clone(),
                };
                AnswerFields::Choice(options.iter().map(field).collect())
            }
            OfferedAnswer::Number { unit, .. } => AnswerFields::Number { unit: unit.clone(), typed: typed.answer },
            OfferedAnswer::Date { .. } => AnswerFields::Date([
                DateField { id: "answer", name: "day", label: "Day", width: 2, typed: typed.day },
                DateField { id: "month", name: "month", label: "Month", width: 2, typed: typed.month },
                DateField { id: "year", name: "year", label: "Year", width: 4, typed: typed.year },
            ]),
            OfferedAnswer::Text { characters_max } => {
                AnswerFields::Text { typed: typed.answer, characters_max: *characters_max }
            }
        }
    }
}

/// The sentence about an answer that the question does not offer.
pub fn fault(offered: &OfferedAnswer) -> FieldFaults {
    let text = match offered {
        OfferedAnswer::Choice { .. } => "Choose an answer".to_owned(),
        OfferedAnswer::Number { min, max, decimals: 0, .. } => format!("Enter a whole number from {min} to {max}"),
        OfferedAnswer::Number { min, max, decimals, .. } => {
            let places = words::count(u64::from(*decimals), "decimal place", "decimal places");
            format!("Enter a number from {min} to {max}, with at most {places}")
        }
        OfferedAnswer::Date { earliest, latest } => {
            let (earliest, latest) = (words::date_of_birth(*earliest), words::date_of_birth(*latest));
            format!("Enter a day from {earliest} to {latest}, like 27 3 2026")
        }
        OfferedAnswer::Text { characters_max } => {
            format!("Write at most {characters_max} characters that can be seen")
        }
    };
    FieldFaults::one("answer", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_as_the_answer_that_they_were_made_of() {
        let date = "2026-03-09".parse().expect("a date");
        let (earliest, latest) = ("2026-01-01".parse().expect("a date"), "2026-12-31".parse().expect("a date"));
        let number = |text: &str| text.parse().expect("a number");
        let bounds = OfferedAnswer::Number { unit: "°C".into(), min: number("35"), max: number("43"), decimals: 1 };
        let text =
            |text: Option<&str>| SymptomAnswerValue::Text { text: text.map(|text| text.parse().expect("a text")) };
        for (offered, answer) in [
            (
                OfferedAnswer::Choice { options: vec![] },
                SymptomAnswerValue::Choice { choice: "no".parse().expect("an id") },
            ),
            (bounds, SymptomAnswerValue::Number { number: number("38.5") }),
            (OfferedAnswer::Date { earliest, latest }, SymptomAnswerValue::Date { date }),
            (OfferedAnswer::Text { characters_max: 100 }, text(Some("since Tuesday"))),
            (OfferedAnswer::Text { characters_max: 100 }, text(None)),
        ] {
            let read = TypedAnswer::of_answer(&answer).read(&offered);
            assert!(read == Some(answer), "{offered:?}");
        }
    }

    #[test]
    fn fields_that_were_not_filled_in_are_no_answer_and_the_fault_says_what_is_offered() {
        let (earliest, latest) = ("2026-01-01".parse().expect("a date"), "2026-12-31".parse().expect("a date"));
        let bounds = OfferedAnswer::Number {
            unit: "°C".into(),
            min: "35".parse().expect("a number"),
            max: "43".parse().expect("a number"),
            decimals: 1,
        };
        for (offered, expected) in [
            (OfferedAnswer::Choice { options: vec![] }, "Choose an answer"),
            (bounds, "Enter a number from 35 to 43, with at most 1 decimal place"),
            (
                OfferedAnswer::Date { earliest, latest },
                "Enter a day from 1 January 2026 to 31 December 2026, like 27 3 2026",
            ),
        ] {
            assert!(TypedAnswer::default().read(&offered).is_none());
            assert_eq!(fault(&offered).of("answer"), Some(expected));
        }
    }
}
