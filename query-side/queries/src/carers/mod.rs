//! The query of carers.

mod list_carers;

pub use list_carers::{Carer, ListCarers};

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![entry::<ListCarers>()]
}
