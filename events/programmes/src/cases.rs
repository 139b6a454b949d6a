//! Cases: a person, a day, and the answer that a clinician expects, as the lines of a table that any spreadsheet writes.

use std::collections::BTreeSet;

use rule_files::csv::{CsvRecord, UnreadableCases, records};

use crate::{
    case_row::{CaseRow, cell_of},
    eligibility::{Eligibility, eligibility},
    programme::Programme,
};

/// The columns of a table, in this order.
pub const COLUMNS: [&str; 8] = ["case", "born", "cohorts", "contraindications", "doses", "on", "site", "answer"];

/// The result of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EligibilityCase {
    /// The line of the file, from 1.
    pub line: usize,
    /// The case's name.
    pub case: String,
    /// The answer that came; `None` if the line cannot be read.
    pub answer: Option<Eligibility>,
    /// `None` if the case passes; otherwise what was expected and what came.
    pub failure: Option<String>,
}

/// Runs the cases of a table (RFC 4180) with the columns `case`, `born`, `cohorts`, `contraindications`, `doses`, `on`, `site` and
/// `answer`. Cells with several entries separate them with spaces; `site` is empty for any site.
///
/// # Errors
/// The text is not a table of at most 1 MiB and 10,000 cases, or its header has other columns.
pub fn run_cases(programme: &Programme, table: &str) -> Result<Vec<EligibilityCase>, UnreadableCases> {
    let mut records = records(table)?.into_iter();
    let header = records.next().map(|record| record.fields).unwrap_or_default();
    if header != COLUMNS {
        return Err(UnreadableCases { line: 1, fault: format!("the columns are {}", COLUMNS.join(", ")) });
    }
    let mut names = BTreeSet::new();
    let results = records.map(|record| {
        let mut result = run(programme, &record);
        if result.failure.is_none() && !names.insert(result.case.clone()) {
            result.failure = Some(format!("there are two cases with the name `{}`", result.case));
        }
        let place = format!("line {}, case `{}`", result.line, result.case);
        result.failure = result.failure.map(|failure| format!("{place}: {failure}"));
        result
    });
    Ok(results.collect())
}

fn run(programme: &Programme, record: &CsvRecord) -> EligibilityCase {
    let case = record.fields.first().cloned().unwrap_or_default();
    let (answer, failure) = match answer_of(programme, record) {
        Ok((answer, expected)) => {
            let came = cell_of(&answer);
            (Some(answer), (came != expected).then(|| format!("expected `{expected}`, but the answer is `{came}`")))
        }
        Err(fault) => (None, Some(fault)),
    };
    EligibilityCase { line: record.line, case, answer, failure }
}

/// The answer, and the expected cell.
fn answer_of<'a>(programme: &Programme, record: &'a CsvRecord) -> Result<(Eligibility, &'a str), String> {
    let cells: Vec<&str> = record.fields.iter().map(String::as_str).collect();
    let [_, born, cohorts, contraindications, doses, on, site, expected] = cells[..] else {
        return Err(format!("the line has {} cells, the header has {}", cells.len(), COLUMNS.len()));
    };
    let row = CaseRow::read(programme.id(), [born, cohorts, contraindications, doses, on, site])?;
    if let Some(cohort) = row.facts.cohorts.iter().find(|cohort| programme.cohort(cohort).is_none()) {
        return Err(format!("the programme has no cohort `{cohort}`"));
    }
    Ok((eligibility(programme, &row.facts, row.on, row.site.as_ref()), expected))
}

/// The campaigns and entries of the schedule for which no passed case is eligible, and the contraindications that are the reason of
/// none, such as "campaign `spring`".
pub fn untested(programme: &Programme, results: &[EligibilityCase]) -> Vec<String> {
    let passed =
        || results.iter().filter(|result| result.failure.is_none()).filter_map(|result| result.answer.as_ref());
    let mut tested = BTreeSet::new();
    for answer in passed() {
        match answer {
            Eligibility::Eligible { dose, campaign, .. } => {
                tested.insert(format!("campaign `{campaign}`"));
                tested.extend(programme.scheduled(*dose).map(|scheduled| format!("dose {}", scheduled.dose)));
            }
            Eligibility::NotYet { why, .. } | Eligibility::Not { why, .. } => {
                tested.extend(why.contraindication().map(|id| format!("contraindication `{id}`")));
            }
        }
    }
    let document = programme.document();
    let mut campaigns: Vec<&str> = document.campaigns.iter().map(|campaign| campaign.id.as_str()).collect();
    campaigns.dedup();
    let campaigns = campaigns.into_iter().map(|campaign| format!("campaign `{campaign}`"));
    let doses = document.schedule.iter().map(|scheduled| format!("dose {}", scheduled.dose));
    let contraindications = document.contraindications.iter().map(|known| format!("contraindication `{}`", known.id));
    campaigns.chain(doses).chain(contraindications).filter(|entry| !tested.contains(entry)).collect()
}
