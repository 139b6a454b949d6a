//! The query of carers.

mod list_carers;

use list_carers::ListCarers;
use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub fn all() -> Vec<QueryEntry> {
    vec![entry::<ListCarers>()]
}
