//! The questions that can be asked: a folder for each service, and in it a file for each query.

mod appointments;
mod log;
mod organ_donation;
mod practices;

use crate::query::Entry;

/// A new service is one line here. A new query is a line in its service's folder.
pub fn all() -> Vec<Entry> {
    let mut all = Vec::new();
    all.extend(appointments::all());
    all.extend(organ_donation::all());
    all.extend(practices::all());
    all.extend(log::all());
    all
}
