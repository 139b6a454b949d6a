//! Helpers for the tests beside the read models: given these events, these are the rows.

use std::collections::BTreeMap;

use event_core::{Recorded, Timestamp, testing::recorded};
pub use vocabulary::testing::{NINE, TEN_PAST, alice, at, bob, clinic, extended, published, site, time};

use event_core::{Key, Projection};

/// The rows after these events. All events have the epoch as their recording time.
pub fn fold<P: Projection>(events: impl IntoIterator<Item = P::Event>) -> BTreeMap<Key, P::Row> {
    fold_recorded::<P>(events.into_iter().map(|event| (Timestamp::EPOCH, event)))
}

/// The rows after these events, each with its recording time.
pub fn fold_recorded<P: Projection>(events: impl IntoIterator<Item = (Timestamp, P::Event)>) -> BTreeMap<Key, P::Row> {
    let mut rows = BTreeMap::new();
    for ((recorded_at, event), position) in events.into_iter().zip(1..) {
        let fact = Recorded { recorded_at, ..recorded(position, "spec", event) };
        for key in P::keys(&fact) {
            let row = P::evolve(&key, rows.remove(&key), &fact);
            row.map(|row| rows.insert(key, row));
        }
    }
    rows
}
