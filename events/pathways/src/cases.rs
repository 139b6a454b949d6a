//! Cases: a person, their answers, and the outcome that a clinician expects, as the lines of a table that any spreadsheet writes.

use std::collections::{BTreeSet, HashMap};

use event_core::LocalDate;
use rule_files::csv::{CsvRecord, UnreadableCases, records};

use crate::{
    answer::{AnswerValue, PathwayAnswer},
    demographics::{Demographics, Party, Sex},
    document::{AnswerType, Question},
    release::Release,
    step::{Step, next},
};

/// The columns besides those of questions; the last one is the last of the table.
pub const FIXED_COLUMNS: [&str; 5] = ["case", "age", "sex", "party", OUTCOME];
const OUTCOME: &str = "outcome";

/// The result of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// The line of the file, from 1.
    pub line: usize,
    /// The case's name.
    pub case: String,
    /// The id of the outcome that is expected.
    pub expected: String,
    /// The ids of the questions that were asked, in order.
    pub asked: Vec<String>,
    /// `None` if the case passes; otherwise what was expected and what came, at which question.
    pub failure: Option<String>,
}

/// Runs the cases of a table (RFC 4180) with the columns `case`, `age` (years), `sex`, `party`, the ids of questions in any order, and
/// `outcome`. A cell has the value of an option, a number, the days since a date, or a text; it is empty if the question is not asked.
///
/// # Errors
/// The text is not a table of at most 1 MiB, 10,000 cases and 200 columns, or its header names no columns of cases.
pub fn run_cases(release: &Release, table: &str) -> Result<Vec<CaseResult>, UnreadableCases> {
    let mut records = records(table)?.into_iter();
    let unreadable = |fault: &str| UnreadableCases { line: 1, fault: fault.into() };
    let header = records.next().ok_or_else(|| unreadable("the table is empty"))?;
    let columns = CaseColumns::of(release, &header).map_err(|fault| unreadable(&fault))?;
    let mut names = BTreeSet::new();
    let results = records.map(|record| {
        let mut result = columns.run(&record);
        if result.failure.is_none() && !names.insert(result.case.clone()) {
            result.failure = Some(format!("there are two cases with the name `{}`", result.case));
        }
        result.failure =
            result.failure.map(|failure| format!("line {}, case `{}`: {failure}", result.line, result.case));
        result
    });
    Ok(results.collect())
}

/// The outcomes that no passed case reaches.
pub fn outcomes_without_case<'a>(release: &'a Release, results: &[CaseResult]) -> Vec<&'a str> {
    let passed: BTreeSet<&str> =
        results.iter().filter(|result| result.failure.is_none()).map(|result| result.expected.as_str()).collect();
    let outcomes = release.document().outcomes.iter().map(|outcome| outcome.id.as_str());
    outcomes.filter(|outcome| !passed.contains(outcome)).collect()
}

/// The header of a table: for the id of a question, its column.
struct CaseColumns<'a> {
    release: &'a Release,
    questions: HashMap<String, usize>,
    count: usize,
}

impl<'a> CaseColumns<'a> {
    fn of(release: &'a Release, header: &CsvRecord) -> Result<CaseColumns<'a>, String> {
        let [first @ .., last] = header.fields.as_slice() else { return Err("the table is empty".into()) };
        let fixed = FIXED_COLUMNS.len() - 1;
        if first.len() < fixed || first[..fixed] != FIXED_COLUMNS[..fixed] || last != OUTCOME {
            return Err("the columns are case, age, sex, party, the ids of questions, outcome".into());
        }
        let mut questions = HashMap::new();
        for (at, id) in first.iter().enumerate().skip(fixed) {
            if release.question(id).is_none() {
                return Err(format!("the column `{id}` is not a question of the release"));
            }
            if questions.insert(id.clone(), at).is_some() {
                return Err(format!("there are two columns `{id}`"));
            }
        }
        Ok(CaseColumns { release, questions, count: header.fields.len() })
    }

    fn run(&self, record: &CsvRecord) -> CaseResult {
        let field = |at: usize| record.fields.get(at).cloned().unwrap_or_default();
        let expected = record.fields.last().cloned().unwrap_or_default();
        let mut result = CaseResult { line: record.line, case: field(0), expected, asked: Vec::new(), failure: None };
        result.failure = self.walk(record, &mut result.asked, &result.expected).err();
        result
    }

    fn walk(&self, record: &CsvRecord, asked: &mut Vec<String>, expected: &str) -> Result<(), String> {
        if record.fields.len() != self.count {
            return Err(format!("the line has {} cells, the header has {}", record.fields.len(), self.count));
        }
        if self.release.outcome(expected).is_none() {
            return Err(format!("expected the outcome `{expected}`, which the release does not have"));
        }
        let demographics = demographics(record)?;
        let mut answers: Vec<PathwayAnswer> = Vec::new();
        // One answer to each question at most: releases have no loops.
        for _ in 0..=self.release.document().questions.len() {
            let last = answers.last().map_or("the start", |answer| answer.question.as_str());
            let step = next(self.release, &demographics, &answers);
            match step.map_err(|error| format!("expected `{expected}`, but {error}"))? {
                Step::Dispose { outcome, because } if outcome.id != expected => {
                    let (id, rule) = (&outcome.id, because.rule);
                    return Err(format!("expected `{expected}`, but rule {rule} of `{last}` led to `{id}`"));
                }
                Step::Dispose { .. } => return self.nothing_else(record, asked, last),
                Step::Ask(question) => {
                    asked.push(question.id.clone());
                    answers.push(self.answer(question, record, &demographics, expected)?);
                }
            }
        }
        Err(format!("expected `{expected}`, but the questions do not end"))
    }

    fn answer(
        &self,
        question: &Question,
        record: &CsvRecord,
        demographics: &Demographics,
        expected: &str,
    ) -> Result<PathwayAnswer, String> {
        let id = &question.id;
        let cell = self.questions.get(id).map_or("", |at| &record.fields[*at]);
        // An answer that is a text may be empty, like the cell.
        if cell.is_empty() && !matches!(question.answer, AnswerType::Text { .. }) {
            return Err(format!("expected `{expected}`, but `{id}` is asked, and its cell is empty"));
        }
        let value = value(question, cell, demographics.today);
        let value = value
            .ok_or_else(|| format!("expected `{expected}`, but the answer `{cell}` to `{id}` has another type"))?;
        Ok(PathwayAnswer { question: id.clone(), value })
    }

    fn nothing_else(&self, record: &CsvRecord, asked: &[String], last: &str) -> Result<(), String> {
        let mut cells: Vec<_> = self.questions.iter().filter(|(_, at)| !record.fields[**at].is_empty()).collect();
        cells.sort_by_key(|(_, at)| **at);
        match cells.into_iter().find(|(id, _)| !asked.contains(id)) {
            Some((id, _)) => {
                Err(format!("the outcome came at `{last}`, but there is an answer to `{id}`, which was not asked"))
            }
            None => Ok(()),
        }
    }
}

fn value(question: &Question, cell: &str, today: LocalDate) -> Option<AnswerValue> {
    match question.answer {
        AnswerType::Choice { .. } => Some(AnswerValue::Choice(cell.to_owned())),
        AnswerType::Number { .. } => cell.parse().ok().map(AnswerValue::Number),
        AnswerType::Date { .. } => {
            cell.parse::<i32>().ok().map(|days| AnswerValue::Date(today.plus_days(-i64::from(days))))
        }
        AnswerType::Text { .. } => Some(AnswerValue::Text(cell.to_owned())),
    }
}

fn demographics(record: &CsvRecord) -> Result<Demographics, String> {
    let [_, age, sex, party, ..] = record.fields.as_slice() else { return Err("cells are missing".into()) };
    let age_years = age.parse().map_err(|_| format!("the age `{age}` is not a number of years"))?;
    let sex = Sex::ALL.into_iter().find(|each| each.name() == sex);
    let party = Party::ALL.into_iter().find(|each| each.name() == party);
    let sex = sex.ok_or_else(|| "the sex is neither `female` nor `male`".to_owned())?;
    let party = party.ok_or_else(|| "the party is neither `first` nor `third`".to_owned())?;
    // Dates in cells are relative, so any day serves.
    let today = "2026-01-01".parse().map_err(|_| "the day is malformed".to_owned())?;
    Ok(Demographics { age_years, sex, party, today })
}
