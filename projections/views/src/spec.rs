//! How the specs beside the read models are written: given these events, these are the rows.

use std::{borrow::Cow, collections::BTreeMap};

use uuid::Uuid;
use vocabulary::{
    LogName, Recorded, SessionId, StreamName, SubjectId, Timestamp,
    appointment::{BookedTime, Channel, Practitioner, SessionEvent, SessionPublished, Timetable},
};

use crate::{Key, Projection};

pub const NINE: &str = "2026-03-09T09:00:00Z";
pub const TEN_PAST: &str = "2026-03-09T09:10:00Z";

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub fn alice() -> SubjectId {
    "a11ce000-0000-4000-8000-000000000001".parse().expect("a subject")
}

pub fn bob() -> SubjectId {
    "b0b00000-0000-4000-8000-000000000002".parse().expect("a subject")
}

pub fn clinic() -> SessionId {
    "A12345.000000000001".parse().expect("a session")
}

pub fn site() -> vocabulary::OdsCode {
    clinic().site()
}

fn practitioner() -> Practitioner {
    Practitioner { name: "Dr Example".parse().expect("valid"), role: "GP".parse().expect("valid") }
}

pub fn time(from: &str, until: &str) -> BookedTime {
    BookedTime {
        session: clinic(),
        starts_at: at(from),
        ends_at: at(until),
        slot_minutes: 10,
        service: "gp-routine".parse().expect("valid"),
        channel: Channel::InPerson,
        practitioner: practitioner(),
    }
}

/// Three slots of ten minutes from nine o'clock.
pub fn published(capacity: u16) -> SessionEvent {
    SessionPublished {
        session: clinic(),
        on: "2026-03-09".parse().expect("valid"),
        from: "09:00".parse().expect("valid"),
        until: "09:30".parse().expect("valid"),
        zone: "Europe/London".into(),
        timetable: Timetable { starts_at: at(NINE), ends_at: at("2026-03-09T09:30:00Z"), slot_minutes: 10 },
        capacity,
        service: "gp-routine".parse().expect("valid"),
        channel: Channel::InPerson,
        practitioner: practitioner(),
    }
    .into()
}

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
