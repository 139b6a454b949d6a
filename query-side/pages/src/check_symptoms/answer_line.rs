//! The parts that several pages of a symptom check share: a line of an answer, the address of a check, the ways onward.

use queries::symptom_checks::GivenAnswer;
use vocabulary::symptom_checks::SymptomCheckNumber;

use crate::refusal;

/// An answer in a list.
pub struct AnswerLine {
    pub text: String,
    pub words: String,
}

impl AnswerLine {
    pub fn of(answer: &GivenAnswer) -> AnswerLine {
        let text = answer.text.clone().unwrap_or_else(|| answer.question.to_string());
        AnswerLine { text, words: answer.words.clone() }
    }
}

/// The address of a check's page.
pub fn address(number: &SymptomCheckNumber) -> String {
    format!("/check-symptoms/{number}")
}

/// The ways onward from a refusal.
pub fn ways_on(number: &SymptomCheckNumber) -> Vec<refusal::WayOn> {
    vec![
        (address(number), "See your symptom check".to_owned()),
        ("/check-symptoms/start".to_owned(), "Start a new symptom check".to_owned()),
    ]
}
