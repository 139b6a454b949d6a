//! Reading what is not in memory: all that a batch misses, in one read.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::state::Wanted;
use event_log::LogError;
use vocabulary::{Raw, StreamName, personal::with_key};

use super::{Job, Lane, fold};
use crate::failure::Failure;

/// Streams of a batch that could not be read, and what their commands are answered.
pub(super) type Troubles = HashMap<StreamName, Failure>;

/// The streams that were complained about: one line in the log each, however often they are asked for.
#[derive(Default)]
pub(super) struct Complaints(HashSet<StreamName>);

impl Complaints {
    const STREAMS_MAX: usize = 1_000;

    /// Whether this is the first about this stream. When there are too many, all are made once more.
    fn first(&mut self, stream: &StreamName) -> bool {
        if self.0.len() >= Self::STREAMS_MAX {
            self.0.clear();
        }
        self.0.insert(stream.clone())
    }
}

impl Lane {
    /// Reads what these commands need and is not held.
    pub(super) async fn load(&mut self, batch: &[Job]) -> Troubles {
        let missing = self.missing(batch);
        let mut troubles = Troubles::new();
        if missing.is_empty() {
            return troubles;
        }
        let names: Vec<StreamName> = missing.iter().map(|wanted| wanted.stream.clone()).collect();
        match self.log.read_streams(&names).await {
            Ok(read) => {
                for (wanted, events) in missing.into_iter().zip(read) {
                    self.hold(wanted, &events, &mut troubles);
                }
            }
            // One damaged stream is no reason to refuse the others.
            Err(_) if missing.len() > 1 => {
                for wanted in missing {
                    let read = self.log.read_streams(std::slice::from_ref(&wanted.stream)).await;
                    self.hold_alone(wanted, read, &mut troubles);
                }
            }
            Err(error) => {
                for wanted in missing {
                    self.unread(&wanted.stream, &error, &mut troubles);
                }
            }
        }
        troubles
    }

    fn missing<'a>(&mut self, batch: &'a [Job]) -> Vec<&'a Wanted> {
        let (mut seen, mut missing, mut hits) = (HashSet::new(), Vec::new(), 0);
        for wanted in batch.iter().flat_map(|job| &job.streams) {
            if !seen.insert(&wanted.stream) || self.states.get(&wanted.stream).is_some() {
                hits += 1;
            } else {
                missing.push(wanted);
            }
        }
        metrics::counter!("command_state_reads_total", "from" => "memory").increment(hits);
        metrics::counter!("command_state_reads_total", "from" => "log").increment(missing.len() as u64);
        missing
    }

    fn hold(&mut self, wanted: &Wanted, events: &[Raw], troubles: &mut Troubles) {
        match with_key(Arc::clone(&self.key), || fold(wanted, events)) {
            Ok(state) => {
                let revision = events.last().map_or(0, |event| event.revision);
                self.states.loaded(wanted.stream.clone(), state, revision);
            }
            Err(error) => {
                if self.complaints.first(&wanted.stream) {
                    tracing::error!(stream = %wanted.stream, %error, "commands on this stream fail");
                }
                troubles.insert(wanted.stream.clone(), Failure::Broken);
            }
        }
    }

    fn hold_alone(&mut self, wanted: &Wanted, read: Result<Vec<Vec<Raw>>, LogError>, troubles: &mut Troubles) {
        match read {
            Ok(events) => {
                let events: Vec<Raw> = events.into_iter().flatten().collect();
                self.hold(wanted, &events, troubles);
            }
            Err(error) => self.unread(&wanted.stream, &error, troubles),
        }
    }

    fn unread(&mut self, stream: &StreamName, error: &LogError, troubles: &mut Troubles) {
        let failure = match error {
            LogError::Damaged { .. } | LogError::OtherHistory(_) => Failure::Broken,
            LogError::Unusable(_) | LogError::Read(_) => Failure::Unavailable,
        };
        if self.complaints.first(stream) {
            tracing::error!(%stream, %error, "a stream could not be read");
        }
        troubles.insert(stream.clone(), failure);
    }
}
