//! One line of a table of cases: the facts, the day, the site and the expected answer in its cells.

use event_core::{LocalDate, OrganisationCode};

use crate::{
    eligibility::Eligibility,
    facts::{DeclaredContraindication, GivenDose, PersonFacts},
};

/// The most entries of a cell.
const ENTRIES_MAX: usize = 100;

pub(crate) struct CaseRow {
    pub facts: PersonFacts,
    pub on: LocalDate,
    pub site: Option<OrganisationCode>,
}

impl CaseRow {
    /// Reads `born`, `cohorts`, `contraindications`, `doses`, `on` and `site`.
    pub(crate) fn read(programme: &str, cells: [&str; 6]) -> Result<CaseRow, String> {
        let [born, cohorts, contraindications, doses, on, site] = cells;
        let facts = PersonFacts {
            born: day("born", born)?,
            cohorts: entries(cohorts)?.into_iter().map(str::to_owned).collect(),
            contraindications: entries(contraindications)?.into_iter().map(declared).collect::<Result<_, _>>()?,
            doses: entries(doses)?.into_iter().map(|entry| given(programme, entry)).collect::<Result<_, _>>()?,
        };
        let site = match site {
            "" => None,
            site => Some(site.parse().map_err(|malformed| format!("`site`: {malformed}"))?),
        };
        Ok(CaseRow { facts, on: day("on", on)?, site })
    }
}

fn day(column: &str, cell: &str) -> Result<LocalDate, String> {
    cell.parse().map_err(|malformed| format!("`{column}`: {malformed}"))
}

fn entries(cell: &str) -> Result<Vec<&str>, String> {
    let entries: Vec<&str> = cell.split_whitespace().collect();
    if entries.len() > ENTRIES_MAX {
        return Err(format!("a cell has more than {ENTRIES_MAX} entries"));
    }
    Ok(entries)
}

/// `fever@2026-09-01`, or an id alone.
fn declared(entry: &str) -> Result<DeclaredContraindication, String> {
    let (id, on) = match entry.split_once('@') {
        Some((id, on)) => (id, Some(day("contraindications", on)?)),
        None => (entry, None),
    };
    Ok(DeclaredContraindication { id: id.to_owned(), on })
}

/// `1:comirnaty@2026-03-02`, with another programme before it `influenza/1:cell@2026-03-02`.
fn given(programme: &str, entry: &str) -> Result<GivenDose, String> {
    let malformed =
        || format!("`doses`: `{entry}` is not a dose as in 1:vaccine@2026-03-02 or programme/1:vaccine@2026-03-02");
    let (dose, on) = entry.split_once('@').ok_or_else(malformed)?;
    let (number, vaccine) = dose.split_once(':').ok_or_else(malformed)?;
    let (programme, number) = number.split_once('/').unwrap_or((programme, number));
    let number = number.parse().map_err(|_| malformed())?;
    Ok(GivenDose { programme: programme.to_owned(), number, vaccine: vaccine.to_owned(), on: day("doses", on)? })
}

/// The answer as a cell: `eligible 2 autumn-2026 comirnaty spikevax`, `not-yet 2026-10-01 too-soon`, `not contraindicated`.
pub(crate) fn cell_of(answer: &Eligibility) -> String {
    match answer {
        Eligibility::Eligible { dose, vaccines, campaign } => {
            format!("eligible {dose} {campaign} {}", vaccines.join(" "))
        }
        Eligibility::NotYet { from, why } => format!("not-yet {from} {}", why.code()),
        Eligibility::Not { why, .. } => format!("not {}", why.code()),
    }
}
