//! Instants, events and keys for the tests of every crate (feature `testing`).

mod key_ring;

use std::{borrow::Cow, sync::Arc};

use uuid::Uuid;

pub use key_ring::{RecordingKeyRing, key_ring_contract, now, person};

use crate::{
    LogName, Recorded, StreamName, Timestamp,
    event::AnyEvent,
    personal::{SubjectKeyRing, Unsealed, opening, sealing},
};

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// The data of an event, its personal fields in the form of a build without a vault.
pub fn encoded(event: &dyn AnyEvent) -> Vec<u8> {
    let keys: Arc<dyn SubjectKeyRing> = Arc::new(Unsealed);
    sealing(&keys, Some(person(1)), Uuid::nil(), || event.encode()).expect("no key is needed").expect("writable")
}

/// Runs `read`, which reads events in that form with their personal fields open.
pub fn opened<R>(read: impl FnOnce() -> R) -> R {
    let keys: Arc<dyn SubjectKeyRing> = Arc::new(Unsealed);
    let read = opening(&keys, |scope| {
        scope.event_of(Some(person(1)));
        read()
    });
    read.expect("no key is needed")
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
