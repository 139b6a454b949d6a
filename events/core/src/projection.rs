//! A projection answers two questions: which rows does this event belong to, and what becomes of each?

use crate::{envelope::Recorded, event::Followed};
use serde::{Serialize, de::DeserializeOwned};

/// Names a row. Both parts are of `[A-Za-z0-9.:-]`, compared bytewise, never personal; instants in them have a fixed width.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Selected by a query: all rows of a partition are one index scan.
    pub partition: String,
    /// The order within the partition.
    pub sort: String,
}

impl Key {
    pub fn new(partition: impl ToString, sort: impl ToString) -> Key {
        Key { partition: partition.to_string(), sort: sort.to_string() }
    }
}

/// The rows that an event touches; each once.
pub type Keys = Vec<Key>;

/// A read model. It opens no personal data: it carries the closed form.
pub trait Projection: Send + Sync + 'static {
    /// Names its table and its checkpoint: `[a-z_]{1,40}`.
    const NAME: &'static str;
    /// Change the logic or the row, change the version: the new one is filled beside the old one.
    const VERSION: u32;
    type Row: Serialize + DeserializeOwned + Clone + Send + 'static;
    /// The categories that it follows: an enum of their events, matched without wildcard.
    type Event: Followed;

    /// An event names every row that it touches; an event that touches none is skipped.
    fn keys(fact: &Recorded<Self::Event>) -> Keys;

    /// The row `key` after this event; `None` removes it.
    fn evolve(key: &Key, row: Option<Self::Row>, fact: &Recorded<Self::Event>) -> Option<Self::Row>;
}

/// Does something with the type of each read model.
pub trait ProjectionVisitor {
    fn visit<P: Projection>(&mut self);
}
