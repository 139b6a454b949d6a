//! Gateways. A gateway defines what is delivered to another system because of an event.

use serde_json::Value;

use crate::{
    envelope::Recorded,
    event::Followed,
    policy::Reaction,
    state::{Reads, StateRequest},
    time::Timestamp,
};

/// A gateway to another system, such as a sender of text messages. It is pure. A delivery is recorded by the id of its
/// event; its contents are made, with personal data opened, each time that it is sent, and are not stored.
pub trait Gateway: Send + Sync + 'static {
    /// Names its ledger and its receiver: `[a-z-]{1,40}`.
    const NAME: &'static str;
    /// The categories that it follows: an enum of their events, matched without wildcard.
    type Event: Followed;
    /// The states that the contents depend on.
    type Reads: Reads;

    /// True if something is delivered because of this event. Personal data is closed.
    fn delivers(fact: &Recorded<Self::Event>) -> bool;

    /// The streams of `Reads`.
    fn streams(fact: &Recorded<Self::Event>) -> <Self::Reads as Reads>::Streams;

    /// The JSON to send; `None` if nothing is to be sent any more, because consent was withdrawn, for example.
    fn contents(
        fact: &Recorded<Self::Event>,
        states: <Self::Reads as Reads>::States<'_>,
        now: Timestamp,
    ) -> Option<Value>;

    /// The command that records the delivery. The gateway is its caller, as `system:<name>`.
    fn delivered(_: &Recorded<Self::Event>) -> Option<Reaction> {
        None
    }
}

/// The requests for the states of a gateway's streams.
pub fn wanted<G: Gateway>(fact: &Recorded<G::Event>) -> Vec<StateRequest> {
    G::Reads::wanted(&G::streams(fact))
}

/// Visits the type of each gateway.
pub trait GatewayVisitor {
    fn visit_gateway<G: Gateway>(&mut self);
}
