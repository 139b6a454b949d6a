//! Helpers that build requests.

use event_core::StreamName;
use uuid::Uuid;

use crate::{Append, Condition, Expected, Granted, Idempotency, Log, NewEvent, Provenance, Refused, Stored, Ticket};

pub(super) const KIND: &str = "appointment.slot-taken.v1";

pub(super) fn stream(id: impl std::fmt::Display) -> StreamName {
    StreamName::of("session", id)
}

pub(super) fn request() -> Append {
    Append {
        conditions: Vec::new(),
        events: Vec::new(),
        provenance: provenance(),
        idempotency: None,
        depends_on: Vec::new(),
        may_use_reserve: false,
    }
}

pub(super) fn provenance() -> Provenance {
    Provenance::by(r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null}"#)
}

/// `request().on("a", 0).event("a")`: an event on a stream that is at revision 0.
pub(super) trait Say: Sized {
    fn on(self, id: impl std::fmt::Display, revision: u64) -> Self;
    fn on_any(self, id: impl std::fmt::Display) -> Self;
    fn event(self, id: impl std::fmt::Display) -> Self {
        self.data(id, b"{}")
    }
    fn data(self, id: impl std::fmt::Display, data: &[u8]) -> Self;
    /// Sets the kind of the last event.
    fn kind(self, kind: &'static str) -> Self;
    fn key(self, key: u8, body: u8) -> Self;
    /// Sets the key that an earlier version would have given the request. Called after `key`.
    fn or_before(self, key: u8) -> Self;
    /// Sets the decision, which is remembered if there are no events. Called after `key`.
    fn decided(self, outcome: &'static str) -> Self;
    fn after(self, ticket: Ticket) -> Self;
}

impl Say for Append {
    fn on(mut self, id: impl std::fmt::Display, revision: u64) -> Self {
        self.conditions.push(Condition { stream: stream(id), expected: Expected::Revision(revision) });
        self
    }

    fn on_any(mut self, id: impl std::fmt::Display) -> Self {
        self.conditions.push(Condition { stream: stream(id), expected: Expected::Any });
        self
    }

    fn data(mut self, id: impl std::fmt::Display, data: &[u8]) -> Self {
        let data = data.to_vec().into();
        self.events.push(NewEvent { stream: stream(id), id: Uuid::now_v7(), kind: KIND, data });
        self
    }

    fn kind(mut self, kind: &'static str) -> Self {
        if let Some(event) = self.events.last_mut() {
            event.kind = kind;
        }
        self
    }

    fn key(mut self, key: u8, body: u8) -> Self {
        let (command_key, request_hash) = ([key; 32], [body; 32]);
        self.idempotency = Some(Idempotency { command_key, earlier_key: None, request_hash, outcome: None });
        self
    }

    fn or_before(mut self, key: u8) -> Self {
        if let Some(idempotency) = &mut self.idempotency {
            idempotency.earlier_key = Some([key; 32]);
        }
        self
    }

    fn decided(mut self, outcome: &'static str) -> Self {
        if let Some(idempotency) = &mut self.idempotency {
            idempotency.outcome = Some(outcome.into());
        }
        self
    }

    fn after(mut self, ticket: Ticket) -> Self {
        self.depends_on.push(ticket);
        self
    }
}

/// The events that were stored. Any other outcome fails the law.
pub(super) async fn stored(log: &Log, append: Append) -> Vec<Stored> {
    are_stored(log.append(append).await)
}

pub(super) fn are_stored(outcome: Result<Granted, Refused>) -> Vec<Stored> {
    match outcome {
        Ok(Granted::Stored(stored)) => stored,
        other => panic!("expected to be stored, but: {other:?}"),
    }
}

pub(super) fn are_repeated(outcome: Result<Granted, Refused>) -> Vec<Stored> {
    match outcome {
        Ok(Granted::Repeated(stored)) => stored,
        other => panic!("expected to be a repeat, but: {other:?}"),
    }
}

pub(super) fn conflict(id: &str, expected: u64, actual: u64) -> Result<Granted, Refused> {
    Err(Refused::Conflict { stream: stream(id), expected, actual })
}

/// The outcomes of one batch.
pub(super) async fn batch(log: &Log, requests: impl IntoIterator<Item = Append>) -> Vec<Result<Granted, Refused>> {
    let submitted = requests.into_iter().map(|request| log.submit(request).expect("submitted").outcome);
    let submitted: Vec<_> = submitted.collect();
    futures::future::join_all(submitted).await
}

/// `(position, stream, revision)` of every event.
pub(super) async fn all(log: &Log) -> Vec<(u64, String, u64)> {
    let events = log.read(0, usize::MAX).await.expect("readable");
    events.into_iter().map(|event| (event.position, event.stream.to_string(), event.revision)).collect()
}
