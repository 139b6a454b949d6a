//! Helpers for the tests beside the policies: when this happens, these commands follow.

use event_core::{Policy, Reaction, testing::recorded};
pub use vocabulary::testing::{NINE, TEN_PAST, alice, at, bob, clinic, published, site, time};

/// The commands that follow from this event, which was recorded at `recorded_at`.
pub fn reactions<P: Policy>(recorded_at: &str, event: P::Event) -> Vec<Reaction> {
    let fact = event_core::Recorded { recorded_at: at(recorded_at), ..recorded(1, "spec", event) };
    P::react(&fact).into_iter().collect()
}
