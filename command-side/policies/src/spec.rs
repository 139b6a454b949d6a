//! Helpers for the tests beside the policies: when this happens, these commands follow.

use event_core::{Policy, Reaction, testing::recorded};
use vocabulary::appointments::{AppointmentBooked, BookedTime, DiaryEvent};
pub use vocabulary::testing::{NINE, TEN_PAST, alice, at, bob, clinic, published, site, time};

/// The commands that follow from this event, which was recorded at `recorded_at`.
pub fn reactions<P: Policy>(recorded_at: &str, event: P::Event) -> Vec<Reaction> {
    let fact = event_core::Recorded { recorded_at: at(recorded_at), ..recorded(1, "spec", event) };
    P::react(&fact).into_iter().collect()
}

/// Alice booked this time. The event has no time of its decision.
pub fn booked(time: BookedTime) -> DiaryEvent {
    AppointmentBooked { patient: alice(), time, reason: None, comment: None, version: 1, booked_at: None }.into()
}
