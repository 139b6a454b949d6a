//! Every text that a person can see is there, for each party of the release.

use crate::{
    document::{AnswerType, PartyText, PathwayDocument, TEXT_CHARACTERS_MAX},
    finding::{Finding, FindingKind},
};

pub(super) fn check(document: &PathwayDocument) -> Vec<Finding> {
    let mut texts = TextCheck { document, findings: Vec::new() };
    texts.one("The release", None, "title", &document.title);
    texts.one("The release", None, "description", &document.about);
    for question in &document.questions {
        let (owner, id) = (format!("Question `{}`", question.id), Some(question.id.as_str()));
        texts.both(&owner, id, "text", &question.text);
        if let Some(help) = &question.help {
            texts.both(&owner, id, "help text", help);
        }
        match &question.answer {
            AnswerType::Choice { options } => {
                for option in options {
                    texts.one(&owner, id, &format!("label of the option `{}`", option.value), &option.label);
                }
            }
            AnswerType::Number { unit, .. } => texts.one(&owner, id, "unit", unit),
            AnswerType::Date { .. } | AnswerType::Text { .. } => {}
        }
    }
    for outcome in &document.outcomes {
        let owner = format!("Outcome `{}`", outcome.id);
        texts.both(&owner, None, "text", &outcome.text);
        if outcome.advice.is_empty() {
            texts.missing(&owner, None, "line of advice");
        }
        for (at, line) in outcome.advice.iter().enumerate() {
            texts.one(&owner, None, &format!("text in line {} of its advice", at + 1), line);
        }
    }
    texts.findings
}

struct TextCheck<'a> {
    document: &'a PathwayDocument,
    findings: Vec<Finding>,
}

impl TextCheck<'_> {
    fn missing(&mut self, owner: &str, question: Option<&str>, what: &str) {
        self.found(FindingKind::MissingText, question, format!("{owner} has no {what}."));
    }

    fn one(&mut self, owner: &str, question: Option<&str>, what: &str, text: &str) {
        if text.trim().is_empty() {
            self.missing(owner, question, what);
        } else if text.chars().count() > TEXT_CHARACTERS_MAX {
            let message = format!("{owner} has a {what} of more than {TEXT_CHARACTERS_MAX} characters.");
            self.found(FindingKind::LimitExceeded, question, message);
        }
    }

    fn both(&mut self, owner: &str, question: Option<&str>, what: &str, text: &PartyText) {
        for party in &self.document.parties {
            self.one(owner, question, &format!("{what} for the {} party", party.name()), text.of(*party));
        }
    }

    fn found(&mut self, kind: FindingKind, question: Option<&str>, message: String) {
        self.findings.push(Finding { kind, question: question.map(str::to_owned), rule: None, message });
    }
}
