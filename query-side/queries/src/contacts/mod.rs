//! The query of contacts.

mod see_contact;

pub use see_contact::{PersonContact, SeeContact};

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![entry::<SeeContact>()]
}
