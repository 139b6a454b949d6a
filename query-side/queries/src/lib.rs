//! The queries of the health services: a folder for each service, and in it a file for each query. It decides nothing,
//! writes nothing, and holds no SQL.
//!
//! Queries and answers are types of this crate. The engine answers queries over HTTP in JSON, and another crate can show
//! the same answers in another form, such as pages.

pub mod appointments;
pub mod carers;
pub mod contacts;
pub mod log;
pub mod messages;
pub mod organ_donation;
pub mod practices;
pub mod prescriptions;
pub mod registrations;
pub mod symptom_checks;
pub mod vaccinations;

use query_engine::{About, QueryEntry};

/// A new service is one line here. A new query is a line in its service's folder.
pub fn all() -> Vec<QueryEntry> {
    let mut all = Vec::new();
    all.extend(appointments::all());
    all.extend(organ_donation::all());
    all.extend(carers::all());
    all.extend(contacts::all());
    all.extend(messages::all());
    all.extend(practices::all());
    all.extend(prescriptions::all());
    all.extend(registrations::all());
    all.extend(symptom_checks::all());
    all.extend(vaccinations::all());
    all.extend(log::all());
    all
}

/// The description of the API as a whole.
pub const ABOUT: About = About {
    title: "Frontdoor",
    summary: "Book, see, decide: commands become events, events become views, views answer queries.",
    description: "Demonstration software with synthetic people only. It makes no claim of clinical assurance.",
};
