//! How the specs beside the read models are written: given these events, these are the rows.

use std::{borrow::Cow, collections::BTreeMap};

use uuid::Uuid;
pub use vocabulary::testing::{NINE, TEN_PAST, alice, at, bob, clinic, extended, published, site, time};
use vocabulary::{LogName, Recorded, StreamName, Timestamp};

use crate::{Key, Projection};

/// The rows after these events, of which none tells when it was recorded.
pub fn fold<P: Projection>(events: impl IntoIterator<Item = P::Event>) -> BTreeMap<Key, P::Row> {
    fold_recorded::<P>(events.into_iter().map(|event| (Timestamp::EPOCH, event)))
}

/// The rows after these events, each with the instant at which it was recorded.
pub fn fold_recorded<P: Projection>(events: impl IntoIterator<Item = (Timestamp, P::Event)>) -> BTreeMap<Key, P::Row> {
    let mut rows = BTreeMap::new();
    for ((recorded_at, event), position) in events.into_iter().zip(1..) {
        let fact = Recorded {
            log: LogName::Care,
            position,
            stream: StreamName::of("spec", position),
            revision: position,
            id: Uuid::from_u128(u128::from(position)),
            kind: Cow::Borrowed("spec"),
            recorded_at,
            actor: "{}".into(),
            acting_for: None,
            subject: None,
            correlation: Uuid::nil(),
            causation: None,
            command_key: None,
            request_hash: None,
            trace: None,
            data: event,
        };
        for key in P::keys(&fact) {
            let row = P::evolve(&key, rows.remove(&key), &fact);
            row.map(|row| rows.insert(key, row));
        }
    }
    rows
}
