//! Instants and events for the tests of every crate (feature `testing`).

use std::borrow::Cow;

use uuid::Uuid;

use crate::{LogName, Recorded, StreamName, Timestamp};

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// The first event of a stream of its own, at this position of the log `care`. Its id is its position.
pub fn recorded<D>(position: u64, kind: impl Into<Cow<'static, str>>, data: D) -> Recorded<D> {
    Recorded {
        log: LogName::Care,
        position,
        stream: StreamName::of("session", position),
        revision: 1,
        id: Uuid::from_u128(position.into()),
        kind: kind.into(),
        recorded_at: Timestamp::EPOCH,
        actor: "{}".into(),
        acting_for: None,
        subject: None,
        correlation: Uuid::nil(),
        causation: None,
        command_key: None,
        request_hash: None,
        trace: None,
        data,
    }
}
