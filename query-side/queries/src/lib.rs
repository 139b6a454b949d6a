//! The queries of the health services: a folder for each service, and in it a file for each query. It decides nothing,
//! writes nothing, and holds no SQL.

mod appointments;
mod carers;
mod log;
mod organ_donation;
mod practices;

use query_engine::{About, QueryEntry};

/// A new service is one line here. A new query is a line in its service's folder.
pub fn all() -> Vec<QueryEntry> {
    let mut all = Vec::new();
    all.extend(appointments::all());
    all.extend(organ_donation::all());
    all.extend(carers::all());
    all.extend(practices::all());
    all.extend(log::all());
    all
}

/// The description of the API as a whole.
pub const ABOUT: About = About {
    title: "Frontdoor",
    summary: "Book, see, decide: commands become events, events become views, views answer queries.",
    description: "Demonstration software with synthetic people only. It makes no claim of clinical assurance.",
};
