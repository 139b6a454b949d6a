//! The structure of the log: positions, revisions, times, command keys, envelopes.

use std::collections::{HashMap, HashSet};

use event_core::envelope::Meta;
use uuid::Uuid;

use super::{event::CheckedEvent, findings::Findings};

pub struct Chain {
    log: &'static str,
    position: u64,
    recorded_at: i64,
    revisions: HashMap<String, u64>,
    command_keys: HashSet<Vec<u8>>,
    ids: HashSet<Uuid>,
    /// The append that an event without a key belongs to: its correlation and actor.
    append: Option<(Uuid, Box<str>)>,
}

impl Chain {
    pub fn new(log: &'static str) -> Chain {
        Chain {
            log,
            position: 0,
            recorded_at: 0,
            revisions: HashMap::new(),
            command_keys: HashSet::new(),
            ids: HashSet::new(),
            append: None,
        }
    }

    /// The position after the last event that was read.
    pub fn next(&self) -> u64 {
        self.position + 1
    }

    /// The keys of the appends that were read.
    pub fn command_keys(&self) -> &HashSet<Vec<u8>> {
        &self.command_keys
    }

    pub fn event(&mut self, event: &CheckedEvent, findings: &mut Findings) {
        let mut wrong = |what: String| findings.add(self.log, event.position, what);
        if event.position != self.position + 1 {
            wrong(format!("the event before it is at {}: positions have a gap", self.position));
        }
        self.position = event.position;
        let before = self.revisions.insert(event.stream.clone(), event.revision).unwrap_or(0);
        if event.revision != before + 1 {
            wrong(format!("{} goes from revision {before} to {}", event.stream, event.revision));
        }
        if event.recorded_at < self.recorded_at {
            wrong("it was recorded before the event before it".to_owned());
        }
        self.recorded_at = event.recorded_at;
        match event.uuid() {
            Some(id) if id.get_version_num() != 7 => wrong("its id is not a UUID of version 7".to_owned()),
            Some(id) if !self.ids.insert(id) => wrong("its id is another event's too".to_owned()),
            Some(_) => {}
            None => wrong("its id is no UUID".to_owned()),
        }
        if vocabulary::kinds().all(|known| known != event.kind) {
            wrong(format!("this binary does not know the kind {}: what it means is not checked", event.kind));
        }
        if event.data.is_none() {
            wrong(format!("the data of {} is no JSON object", event.kind));
        }
        self.envelope(event, &mut wrong);
    }

    /// The first event of an append has a unique key; the events after it have the same correlation and actor.
    fn envelope(&mut self, event: &CheckedEvent, wrong: &mut impl FnMut(String)) {
        let meta = match Meta::unpack(&event.meta) {
            Ok(meta) => meta,
            Err(error) => {
                self.append = None;
                return wrong(error.to_string());
            }
        };
        if serde_json::from_str::<serde_json::Value>(&meta.actor).map_or(true, |actor| !actor["id"].is_string()) {
            wrong("its actor is nobody".to_owned());
        }
        let this = (meta.correlation, meta.actor);
        match &event.command_key {
            Some(key) if key.len() != 32 && event.uuid().is_none_or(|id| id.as_bytes() != key.as_slice()) => {
                wrong("its command key has not 32 bytes".to_owned());
            }
            Some(key) if !self.command_keys.insert(key.clone()) => {
                wrong("its command key is an earlier event's too".to_owned());
            }
            Some(_) => {}
            None if self.append.as_ref() != Some(&this) => {
                wrong("it has no command key, and does not belong to the event before it".to_owned());
            }
            None => {}
        }
        self.append = Some(this);
    }
}
