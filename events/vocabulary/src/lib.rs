//! The vocabulary of the health services: the events of each service (one file per service), the ids and texts in them,
//! and the access rules.
//! Pure: no I/O, no clock, no randomness.

pub mod access;
pub mod booking_number;
pub mod bookings_version;
pub mod calendar;
pub mod ids;
mod message_id;
mod name_hash;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod time;

pub mod appointments;
pub mod carers;
pub mod contacts;
pub mod messages;
pub mod organ_donation;
pub mod practices;
pub mod prescriptions;
pub mod registrations;
pub mod symptom_checks;
pub mod vaccinations;

use event_core::Service;

pub use ids::{PractitionerId, SessionId};

/// Every service. A new one is one line here.
pub static SERVICES: &[&Service] = &[
    &appointments::SERVICE,
    &carers::SERVICE,
    &contacts::SERVICE,
    &messages::SERVICE,
    &organ_donation::SERVICE,
    &practices::SERVICE,
    &prescriptions::SERVICE,
    &registrations::SERVICE,
    &symptom_checks::SERVICE,
    &vaccinations::SERVICE,
];

/// The kinds of every service.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().flat_map(|service| service.kinds())
}
