//! The check of a programme: what is wrong with it, found before a person meets it. What campaigns can hold for is asked when
//! ids, numbers and dates are in order.

mod dates;
mod reach;
mod schedule;
mod structure;
mod texts;

use crate::{
    document::ProgrammeDocument,
    finding::{FindingList, ProgrammeFinding},
};

/// All faults that are found; none if the programme can be used. A fault can hide others: check again after a correction.
pub fn check(document: &ProgrammeDocument) -> Vec<ProgrammeFinding> {
    let mut list = FindingList::default();
    structure::check(document, &mut list);
    texts::check(document, &mut list);
    schedule::check(document, &mut list);
    dates::check(document, &mut list);
    if list.findings.is_empty() {
        reach::check(document, &mut list);
    }
    list.findings
}
