//! Synthetic people, a clinic and its events, for the tests of every crate (feature `testing`).

pub use event_core::testing::at;
use event_core::{OrganisationCode, SubjectId, text::Line};

use crate::{
    SessionId,
    appointments::{BookedTime, Channel, Practitioner, SessionEvent, SessionExtended, SessionPublished, Timetable},
};

/// The first two slots of `clinic`.
pub const NINE: &str = "2026-03-09T09:00:00Z";
pub const TEN_PAST: &str = "2026-03-09T09:10:00Z";

pub fn alice() -> SubjectId {
    "a11ce000-0000-4000-8000-000000000001".parse().expect("a subject")
}

pub fn bob() -> SubjectId {
    "b0b00000-0000-4000-8000-000000000002".parse().expect("a subject")
}

pub fn site() -> OrganisationCode {
    "A12345".parse().expect("a code")
}

pub fn clinic() -> SessionId {
    "A12345.000000000001".parse().expect("a session")
}

pub fn line(text: &str) -> Line {
    text.parse().expect("a line")
}

pub fn practitioner() -> Practitioner {
    Practitioner { name: line("Dr Example"), role: line("General practitioner") }
}

/// A session of three slots of ten minutes from nine o'clock, on 9 March 2026.
pub fn published(session: SessionId, capacity: u16) -> SessionEvent {
    SessionPublished {
        session,
        on: "2026-03-09".parse().expect("a date"),
        from: "09:00".parse().expect("a time"),
        until: "09:30".parse().expect("a time"),
        zone: "Europe/London".into(),
        timetable: Timetable { starts_at: at(NINE), ends_at: at("2026-03-09T09:30:00Z"), slot_minutes: 10 },
        capacity,
        service: "gp-routine".parse().expect("a service"),
        channel: Channel::InPerson,
        practitioner: practitioner(),
        practitioner_id: None,
        released_at: None,
    }
    .into()
}

/// One more slot for the session: it ends at twenty to ten.
pub fn extended(session: SessionId, capacity: u16) -> SessionEvent {
    SessionExtended {
        session,
        until: "09:40".parse().expect("a time"),
        added: Timetable {
            starts_at: at("2026-03-09T09:30:00Z"),
            ends_at: at("2026-03-09T09:40:00Z"),
            slot_minutes: 10,
        },
        capacity,
        service: "gp-routine".parse().expect("a service"),
        channel: Channel::InPerson,
        practitioner: practitioner(),
        released_at: None,
    }
    .into()
}

/// The time of a booking in such a session.
pub fn time(session: SessionId, from: &str, until: &str) -> BookedTime {
    BookedTime {
        session,
        starts_at: at(from),
        ends_at: at(until),
        slot_minutes: 10,
        service: "gp-routine".parse().expect("a service"),
        channel: Channel::InPerson,
        practitioner: practitioner(),
    }
}
