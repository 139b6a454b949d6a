//! Projections. A projection defines which rows an event belongs to, and how the event changes each of them.

use crate::{envelope::Recorded, event::Followed};
use serde::{Serialize, de::DeserializeOwned};

/// The key of a row. Both parts consist of `[A-Za-z0-9.:-]`, are compared bytewise and are never personal; instants in
/// them have a fixed width.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The part that a query selects: all rows of a partition are one index scan.
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

/// A read model. It never opens personal data: its rows hold the closed form.
pub trait Projection: Send + Sync + 'static {
    /// Names its table and its checkpoint: `[a-z_]{1,40}`.
    const NAME: &'static str;
    /// A change of the logic or of the row requires a new version: it is filled while the old one stays in use.
    const VERSION: u32;
    type Row: Serialize + DeserializeOwned + Clone + Send + 'static;
    /// The categories that it follows: an enum of their events, matched without wildcard.
    type Event: Followed;

    /// The rows that this event touches, all of them; an event that touches none is skipped.
    fn keys(fact: &Recorded<Self::Event>) -> Keys;

    /// The row `key` after this event; `None` removes it.
    fn evolve(key: &Key, row: Option<Self::Row>, fact: &Recorded<Self::Event>) -> Option<Self::Row>;
}

/// Visits the type of each read model.
pub trait ProjectionVisitor {
    fn visit<P: Projection>(&mut self);
}
