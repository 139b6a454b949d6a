//! The limits of a request, checked before it is given a ticket. Nothing here knows what is stored.

use std::collections::HashSet;

use vocabulary::{LogName, StreamName};

use crate::port::{Append, Expected, Refused, limits};

/// Bytes of the actor's JSON, and of the trace.
const TEXT_BYTES_MAX: usize = 4_096;
/// Bytes of a kind.
const KIND_BYTES_MAX: usize = 100;

pub(crate) fn validate(append: &Append, log: LogName) -> Result<(), Refused> {
    count("events", append.events.len(), limits::EVENTS_MAX)?;
    count("conditions", append.conditions.len(), limits::CONDITIONS_MAX)?;
    count("requests on which it rests", append.rests_on.len(), limits::RESTS_ON_MAX)?;
    count("bytes of actor", append.provenance.actor.len(), TEXT_BYTES_MAX)?;
    count("bytes of trace", append.provenance.trace.as_ref().map_or(0, |trace| trace.len()), TEXT_BYTES_MAX)?;
    let streams = conditions(append, log)?;
    events(append, &streams)
}

fn conditions(append: &Append, log: LogName) -> Result<HashSet<&StreamName>, Refused> {
    let mut streams = HashSet::with_capacity(append.conditions.len());
    for condition in &append.conditions {
        let stream = &condition.stream;
        // `StreamName::of` builds names without looking at them.
        if stream.as_str().parse::<StreamName>().is_err() {
            return Err(Refused::Invalid(format!("{stream} is no name of a stream")));
        }
        if !streams.insert(stream) {
            return Err(Refused::Invalid(format!("there are two conditions on {stream}")));
        }
        match (condition.expected, log) {
            (Expected::Any, LogName::Care) => {
                return Err(Refused::Invalid(format!("{stream}: in the log care a revision is expected")));
            }
            (Expected::Any, LogName::Access) | (Expected::Revision(_), LogName::Care | LogName::Access) => {}
        }
    }
    Ok(streams)
}

fn events(append: &Append, streams: &HashSet<&StreamName>) -> Result<(), Refused> {
    let mut ids = HashSet::with_capacity(append.events.len());
    for event in &append.events {
        count("bytes of data", event.data.len(), limits::DATA_BYTES_MAX)?;
        count("bytes of kind", event.kind.len(), KIND_BYTES_MAX)?;
        if event.kind.is_empty() {
            return Err(Refused::Invalid("an event has no kind".into()));
        }
        if !streams.contains(&event.stream) {
            return Err(Refused::Invalid(format!("there is no condition on {}", event.stream)));
        }
        if !ids.insert(event.id) {
            return Err(Refused::Invalid(format!("two events have the id {}", event.id)));
        }
    }
    Ok(())
}

fn count(what: &str, count: usize, max: usize) -> Result<(), Refused> {
    if count <= max { Ok(()) } else { Err(Refused::Invalid(format!("{count} {what}: {max} at most"))) }
}
