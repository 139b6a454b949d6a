//! Checks the limits of a request before it gets a ticket. The checks do not depend on stored data.

use std::{collections::HashSet, hash::Hash};

use event_core::{LogName, StreamName};

use crate::port::{Append, Expected, Refused, limits};

/// Bytes of the actor's JSON, and of the trace.
const TEXT_BYTES_MAX: usize = 4_096;
/// Up to this number, items are compared in pairs; more are hashed.
const FEW: usize = 8;
/// Bytes of a kind.
const KIND_BYTES_MAX: usize = 100;

pub(crate) fn validate(append: &Append, log: LogName) -> Result<(), Refused> {
    count("events", append.events.len(), limits::EVENTS_MAX)?;
    count("conditions", append.conditions.len(), limits::CONDITIONS_MAX)?;
    count("requests that it depends on", append.depends_on.len(), limits::RESTS_ON_MAX)?;
    count("bytes of actor", append.provenance.actor.len(), TEXT_BYTES_MAX)?;
    count("bytes of trace", append.provenance.trace.as_ref().map_or(0, |trace| trace.len()), TEXT_BYTES_MAX)?;
    let outcome = append.idempotency.as_ref().and_then(|idempotency| idempotency.outcome.as_ref());
    count("bytes of outcome", outcome.map_or(0, |outcome| outcome.len()), limits::OUTCOME_BYTES_MAX)?;
    conditions(append, log)?;
    events(append)
}

fn conditions(append: &Append, log: LogName) -> Result<(), Refused> {
    for condition in &append.conditions {
        let stream = &condition.stream;
        // `StreamName::of` builds names without checking them.
        if stream.as_str().len() > StreamName::LENGTH_MAX || stream.as_str().parse::<StreamName>().is_err() {
            // The name may be a client's text, and this message is written to log lines.
            return Err(Refused::Invalid("a condition's stream has no valid name".into()));
        }
        match (condition.expected, log) {
            (Expected::Any, LogName::Care) => {
                return Err(Refused::Invalid(format!("{stream}: in the log care a revision is expected")));
            }
            (Expected::Any, LogName::Access) | (Expected::Revision(_), LogName::Care | LogName::Access) => {}
        }
    }
    match repeated(append.conditions.iter().map(|condition| &condition.stream)) {
        Some(stream) => Err(Refused::Invalid(format!("there are two conditions on {stream}"))),
        None => Ok(()),
    }
}

fn events(append: &Append) -> Result<(), Refused> {
    for event in &append.events {
        count("bytes of data", event.data.len(), limits::DATA_BYTES_MAX)?;
        count("bytes of kind", event.kind.len(), KIND_BYTES_MAX)?;
        if event.kind.is_empty() {
            return Err(Refused::Invalid("an event has no kind".into()));
        }
    }
    if let Some(id) = repeated(append.events.iter().map(|event| event.id)) {
        return Err(Refused::Invalid(format!("two events have the id {id}")));
    }
    match unread(append) {
        Some(stream) => Err(Refused::Invalid(format!("there is no condition on {stream}"))),
        None => Ok(()),
    }
}

/// The stream of an event that has no condition on it.
fn unread(append: &Append) -> Option<&StreamName> {
    let mut streams = append.events.iter().map(|event| &event.stream);
    if append.conditions.len() <= FEW {
        return streams.find(|stream| !append.conditions.iter().any(|condition| condition.stream == **stream));
    }
    let read: HashSet<&StreamName> = append.conditions.iter().map(|condition| &condition.stream).collect();
    streams.find(|stream| !read.contains(stream))
}

/// The first item that repeats an earlier one.
fn repeated<T: Eq + Hash + Clone>(items: impl Iterator<Item = T> + Clone) -> Option<T> {
    if items.clone().nth(FEW).is_none() {
        let before = |at: usize, item: &T| items.clone().take(at).any(|earlier| earlier == *item);
        return items.clone().enumerate().find(|(at, item)| before(*at, item)).map(|(_, item)| item);
    }
    let mut seen = HashSet::new();
    items.into_iter().find(|item| !seen.insert(item.clone()))
}

fn count(what: &str, count: usize, max: usize) -> Result<(), Refused> {
    if count <= max { Ok(()) } else { Err(Refused::Invalid(format!("{count} {what}: {max} at most"))) }
}
