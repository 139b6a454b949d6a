//! Sends the deliveries of a gateway: makes their contents from the event and from states, and hands them to the receiver.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use event_core::{
    Raw, StateRequest, Timestamp,
    personal::{KeysMissing, SubjectKeyRing, opening},
    state::AnyState,
};
use event_log::{Log, StreamEvent};

use crate::{
    policy::GatewayFunctions,
    store::{PendingReaction, ReactionId},
};

/// The number of deliveries in a row that found no receiver, after which the circuit opens: further ones are not tried.
const CIRCUIT_FAILURES_MAX: u32 = 5;
/// The time after which an open circuit lets deliveries through again.
const CIRCUIT_OPEN: Duration = Duration::from_secs(30);
/// The time limit for the keys of persons.
const KEYS_WAIT_MAX: Duration = Duration::from_secs(5);

/// A delivery on its way.
pub struct OutgoingDelivery<'a> {
    /// The gateway's name.
    pub gateway: &'a str,
    /// The receiver's idempotency key: the same each time that this delivery is sent.
    pub id: ReactionId,
    /// JSON, with personal data.
    pub contents: Vec<u8>,
}

/// The reason why a receiver did not take a delivery. The texts name no contents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryFault {
    /// The receiver does not answer, or asks to wait. No fault of this delivery.
    #[error("{0}")]
    Away(String),
    /// The receiver answered that it could not take it.
    #[error("{0}")]
    Failed(String),
}

/// The port to the systems that gateways deliver to. A call ends within a time limit.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Hands over a delivery. When it returns, the receiver has it. It may have had it before.
    ///
    /// # Errors
    /// The receiver does not have it, or it is not known.
    async fn receive(&self, delivery: OutgoingDelivery<'_>) -> Result<(), DeliveryFault>;
}

/// The result of sending a delivery.
pub(crate) enum Sent {
    Delivered,
    /// There is nothing to send any more.
    Nothing,
    Fault(DeliveryFault),
}

/// Stops trying a receiver that does not answer.
#[derive(Default)]
pub(crate) struct Circuit(Mutex<CircuitState>);

#[derive(Default)]
struct CircuitState {
    failures: u32,
    opened: Option<Instant>,
}

impl Circuit {
    /// True if deliveries are not to be tried now.
    pub fn is_open(&self) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.opened.is_some_and(|opened| opened.elapsed() < CIRCUIT_OPEN)
    }

    fn note(&self, is_away: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_away {
            *state = CircuitState::default();
            return;
        }
        state.failures += 1;
        if state.failures >= CIRCUIT_FAILURES_MAX {
            state.opened = Some(Instant::now());
        }
    }
}

/// The ports of sending.
pub(crate) struct DeliverySender<'a> {
    pub name: &'static str,
    pub gateway: GatewayFunctions,
    pub log: &'a Log,
    pub keys: &'a Arc<dyn SubjectKeyRing>,
    pub receiver: &'a dyn Receiver,
    pub circuit: &'a Circuit,
}

impl DeliverySender<'_> {
    /// Sends a delivery to the receiver.
    pub async fn send(&self, reaction: &PendingReaction, now: Timestamp) -> (Sent, Option<Raw>) {
        let event = match self.event(reaction).await {
            Ok(event) => event,
            Err(fault) => return (Sent::Fault(fault), None),
        };
        let contents = match self.contents(&event, now).await {
            Ok(Some(contents)) => contents,
            Ok(None) => return (Sent::Nothing, None),
            Err(fault) => return (Sent::Fault(fault), None),
        };
        let delivery = OutgoingDelivery { gateway: self.name, id: reaction.id, contents };
        let received = self.receiver.receive(delivery).await;
        self.circuit.note(matches!(received, Err(DeliveryFault::Away(_))));
        match received {
            Ok(()) => (Sent::Delivered, Some(event)),
            Err(fault) => (Sent::Fault(fault), None),
        }
    }

    async fn event(&self, reaction: &PendingReaction) -> Result<Raw, DeliveryFault> {
        let read = self.log.read(reaction.position.saturating_sub(1), 1).await;
        let event = read.map_err(|error| DeliveryFault::Away(error.to_string()))?.into_iter().next();
        let event = event.filter(|event| event.id == reaction.id.event);
        event.ok_or_else(|| DeliveryFault::Failed("the log does not have the event".into()))
    }

    async fn contents(&self, event: &Raw, now: Timestamp) -> Result<Option<Vec<u8>>, DeliveryFault> {
        let failed = |error: String| DeliveryFault::Failed(error);
        let wanted = (self.gateway.wanted)(event.clone()).map_err(|error| failed(error.to_string()))?;
        let names: Vec<_> = wanted.iter().map(|wanted| wanted.stream.clone()).collect();
        let read = self.log.read_streams(&names).await.map_err(|error| DeliveryFault::Away(error.to_string()))?;
        let made = || self.made(event, &wanted, &read, now);
        let made = match made() {
            Ok(made) => made,
            Err(KeysMissing(subjects)) => {
                let fetched = tokio::time::timeout(KEYS_WAIT_MAX, self.keys.prefetch(&subjects)).await;
                let away = || DeliveryFault::Away("the keys of persons cannot be fetched now".into());
                fetched.map_err(|_| away())?.map_err(|_| away())?;
                made().map_err(|_| away())?
            }
        };
        made.map_err(failed)
    }

    /// Makes the contents, with personal data opened.
    fn made(
        &self,
        event: &Raw,
        wanted: &[StateRequest],
        read: &[Vec<StreamEvent>],
        now: Timestamp,
    ) -> Result<Result<Option<Vec<u8>>, String>, KeysMissing> {
        opening(self.keys, |scope| {
            let mut states: Vec<Arc<dyn AnyState>> = Vec::with_capacity(wanted.len());
            for (wanted, events) in wanted.iter().zip(read) {
                let mut state = (wanted.empty)();
                for event in events {
                    scope.event_of(event.subject);
                    state.evolve_stored(&event.kind, &event.data).map_err(|error| error.to_string())?;
                }
                states.push(state.into());
            }
            scope.event_of(event.subject);
            let contents = (self.gateway.contents)(event.clone(), &states, now).map_err(|error| error.to_string())?;
            Ok(contents.map(|contents| contents.to_string().into_bytes()))
        })
    }
}
