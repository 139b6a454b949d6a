//! What can happen, in the words of the health service: ids, time, personal data, the envelope, and the events of
//! each service (one file a service). Pure: no I/O, no clock, no randomness.

pub mod envelope;
pub mod event;
pub mod ids;
pub mod personal;
pub mod text;
pub mod time;

pub mod appointment;
pub mod organ_donation;
pub mod practice;
pub mod registration;

pub use envelope::{Actor, LogName, Raw, Recorded, Token};
pub use event::{Event, Followed, Undecodable};
pub use ids::{OdsCode, SessionId, StreamName, SubjectId};
pub use personal::Personal;
pub use time::{LocalDate, Timestamp};

/// The kinds of every event that this binary knows. A new category of streams is one line here.
pub const ALL_KINDS: &[&[&str]] = &[
    appointment::SessionEvent::KINDS,
    appointment::DiaryEvent::KINDS,
    organ_donation::DonorEvent::KINDS,
    practice::PracticeEvent::KINDS,
    registration::RegistrationEvent::KINDS,
];
