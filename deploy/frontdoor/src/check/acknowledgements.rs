//! Checks that the log contains the events that clients were told about, and that no idempotency key has had two
//! effects.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::Context;
use serde::Deserialize;

use super::{event::CheckedEvent, findings::Findings};

/// A line of the file: an answer of `POST /commands/{name}`, and the key of its request.
#[derive(Deserialize)]
struct AcknowledgementLine {
    key: String,
    #[serde(default)]
    events: Vec<Acknowledged>,
}

#[derive(Deserialize, Clone, PartialEq, Eq)]
struct Acknowledged {
    id: String,
    kind: String,
    stream: String,
    revision: u64,
    position: u64,
}

#[derive(Default)]
pub struct ClientAcknowledgements {
    /// By event id, with the number of the line that reported it.
    open: HashMap<String, (usize, Acknowledged)>,
    /// Keys with two effects, found while reading.
    doubled: Vec<(usize, String)>,
}

impl ClientAcknowledgements {
    /// # Errors
    /// If the file cannot be read, or a line other than the last is not such an object. The last line may be
    /// incomplete, because a client may have been killed while writing it.
    pub fn read(file: &Path) -> anyhow::Result<ClientAcknowledgements> {
        let lines = BufReader::new(File::open(file).with_context(|| file.display().to_string())?).lines();
        let lines: Vec<String> = lines.collect::<Result<_, _>>().with_context(|| file.display().to_string())?;
        let mut told = ClientAcknowledgements::default();
        let mut effects: HashMap<String, Vec<Acknowledged>> = HashMap::new();
        for (n, text) in lines.iter().enumerate() {
            let line: AcknowledgementLine = match serde_json::from_str(text) {
                Ok(line) => line,
                Err(_) if n + 1 == lines.len() => break,
                Err(error) => anyhow::bail!("{}, line {}: {error}", file.display(), n + 1),
            };
            match effects.get(&line.key) {
                Some(effect) if !effect.is_empty() && !line.events.is_empty() && *effect != line.events => {
                    told.doubled.push((n + 1, line.key));
                    continue;
                }
                _ => {}
            }
            for event in &line.events {
                told.open.entry(event.id.clone()).or_insert_with(|| (n + 1, event.clone()));
            }
            if !line.events.is_empty() {
                effects.insert(line.key, line.events);
            }
        }
        Ok(told)
    }

    pub fn event(&mut self, event: &CheckedEvent, findings: &mut Findings) {
        let Some((line, told)) = event.uuid().and_then(|id| self.open.remove(&id.to_string())) else {
            return;
        };
        let same = told.position == event.position
            && told.revision == event.revision
            && told.stream == event.stream
            && told.kind == event.kind;
        if !same {
            let what = format!(
                "line {line} was told of {} at {}, revision {} of {}",
                told.kind, told.position, told.revision, told.stream
            );
            findings.add("care", event.position, what);
        }
    }

    /// Adds findings for reported events that are not in the log, and for keys with two effects.
    pub fn end(self, findings: &mut Findings) {
        let mut lost: Vec<_> = self.open.into_values().collect();
        lost.sort_by_key(|(line, told)| (*line, told.position));
        for (line, told) in lost {
            findings.add(
                "care",
                told.position,
                format!("line {line} was told of {} {}: it is lost", told.kind, told.id),
            );
        }
        for (line, key) in self.doubled {
            findings.line(format!("line {line}: the key {key} has had another effect before"));
        }
    }
}
