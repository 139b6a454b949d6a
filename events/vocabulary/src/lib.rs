//! What can happen, in the words of the health service: ids, time, personal data, the envelope, and the events of
//! each service (one file a service). Pure: no I/O, no clock, no randomness.

pub mod asyncapi;
pub mod booking_number;
pub mod envelope;
pub mod event;
pub mod ids;
pub mod personal;
pub mod strictness;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod time;
mod visible;

pub mod appointments;
pub mod organ_donation;
pub mod practices;
pub mod registrations;

pub use envelope::{Actor, LogName, Raw, Recorded, Token};
pub use event::{Category, Event, EventData, Followed, Undecodable};
pub use ids::{Issuer, OdsCode, SessionId, StreamName, SubjectId};
pub use personal::Personal;
pub use time::{LocalDate, Timestamp};

/// Every category of streams. A new one is one line here.
pub const CATEGORIES: &[Category] = &[
    appointments::SessionEvent::ABOUT,
    appointments::DiaryEvent::ABOUT,
    appointments::PublishingEvent::ABOUT,
    organ_donation::DonorEvent::ABOUT,
    practices::PracticeEvent::ABOUT,
    registrations::RegistrationEvent::ABOUT,
];

/// The kinds of every event that this binary knows, by category.
pub const ALL_KINDS: &[&[&str]] = &{
    let mut kinds: [&[&str]; CATEGORIES.len()] = [&[]; CATEGORIES.len()];
    let mut at = 0;
    while at < kinds.len() {
        kinds[at] = CATEGORIES[at].kinds;
        at += 1;
    }
    kinds
};
