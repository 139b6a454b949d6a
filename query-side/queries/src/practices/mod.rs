//! The queries of practices.

mod list_practices;

use list_practices::ListPractices;

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub fn all() -> Vec<QueryEntry> {
    vec![entry::<ListPractices>()]
}
