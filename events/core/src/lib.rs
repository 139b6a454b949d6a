//! The platform's terms: the envelope around each event, positions and streams, time, personal data, and the macro that
//! writes a service's events. Pure: no I/O, no clock, no randomness. Nothing here knows a service.

pub mod asyncapi;
pub mod envelope;
pub mod event;
pub mod ids;
pub mod personal;
pub mod strictness;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod time;
pub mod visible;

pub use envelope::{Actor, LogName, LogPosition, Raw, Recorded};
pub use event::{Category, Event, EventData, Followed, Service, Undecodable};
pub use ids::{Issuer, Malformed, OrganisationCode, StreamName, SubjectId};
pub use personal::Personal;
pub use time::{LocalDate, Timestamp};
