//! Loads: reads and folds streams that are not in memory, concurrently with the sequencer and many in one read.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use event_core::{
    StateRequest, StreamName,
    personal::{KeysMissing, SubjectKeyRing, opening},
};
use event_log::{Log, LogError, StreamEvent};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::states::{Loaded, Unreadable, fold};
use crate::failure::Failure;

/// The maximum number of concurrent reads: the database reads some while the events of others are folded.
const LOADS_MAX: usize = 4;

/// A stream that is to be loaded.
#[derive(Clone)]
pub(super) struct LoadRequest {
    pub wanted: StateRequest,
    /// True if the keys that it lacked were fetched, and it is loaded again.
    pub keys_fetched: bool,
}

/// The result of one read.
pub(super) struct Load {
    /// The number of the log's history in which it was read.
    pub history: u64,
    pub streams: Vec<(LoadRequest, Result<Loaded, Unloaded>)>,
}

/// The reason why a stream has no state.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unloaded {
    /// Shared by the streams of one read.
    #[error("{0}")]
    Read(Arc<LogError>),
    #[error(transparent)]
    Fold(#[from] Unreadable),
    #[error(transparent)]
    Keys(#[from] KeysMissing),
    #[error("reading it panicked")]
    Panicked,
}

impl Unloaded {
    /// The answer to the commands on the stream.
    pub fn failure(&self) -> Failure {
        match self {
            Unloaded::Read(error) => match **error {
                LogError::Unusable(_) | LogError::Read(_) => Failure::Unavailable,
                LogError::Damaged { .. } | LogError::OtherHistory(_) => Failure::Broken,
            },
            Unloaded::Keys(_) => Failure::Unavailable,
            Unloaded::Fold(_) | Unloaded::Panicked => Failure::Broken,
        }
    }
}

/// The reads in progress, and the streams of the next ones.
pub(super) struct Loads {
    log: Log,
    keys: Arc<dyn SubjectKeyRing>,
    streams_max: usize,
    next: VecDeque<LoadRequest>,
    running: FuturesUnordered<BoxFuture<'static, Load>>,
}

impl Loads {
    /// One read loads at most `streams_max` streams.
    pub fn new(log: Log, keys: Arc<dyn SubjectKeyRing>, streams_max: usize) -> Loads {
        let streams_max = streams_max.max(1);
        Loads { log, keys, streams_max, next: VecDeque::new(), running: FuturesUnordered::new() }
    }

    /// Queues this stream for one of the next reads.
    pub fn ask(&mut self, wanted: LoadRequest) {
        self.next.push_back(wanted);
    }

    /// Begins reads of the queued streams, up to `LOADS_MAX` at once.
    pub fn begin(&mut self, history: u64) {
        while self.running.len() < LOADS_MAX && !self.next.is_empty() {
            let count = self.next.len().min(self.streams_max);
            let asked: Vec<LoadRequest> = self.next.drain(..count).collect();
            let task = tokio::spawn(load(self.log.clone(), Arc::clone(&self.keys), asked.clone()));
            let ended = task.map(move |streams| {
                let panicked = |_| asked.into_iter().map(|request| (request, Err(Unloaded::Panicked))).collect();
                Load { history, streams: streams.unwrap_or_else(panicked) }
            });
            self.running.push(ended.boxed());
        }
    }

    /// Waits for the next read to end, and returns it; `None` if none is in progress.
    pub async fn ended(&mut self) -> Option<Load> {
        self.running.next().await
    }
}

async fn load(
    log: Log,
    keys: Arc<dyn SubjectKeyRing>,
    asked: Vec<LoadRequest>,
) -> Vec<(LoadRequest, Result<Loaded, Unloaded>)> {
    let names: Vec<StreamName> = asked.iter().map(|request| request.wanted.stream.clone()).collect();
    let mut loaded = Vec::with_capacity(names.len());
    match log.read_streams(&names).await {
        Ok(read) => {
            for (request, events) in asked.iter().zip(read) {
                loaded.push(folded(&keys, &request.wanted, &events));
            }
        }
        // A damaged stream does not make the others unreadable, so each is tried alone. A log that does not answer is
        // not read again, because each read would take as long as the first.
        Err(mut error) => {
            for (request, name) in asked.iter().zip(&names) {
                if names.len() == 1 || error.is_general() {
                    break;
                }
                match log.read_streams(std::slice::from_ref(name)).await {
                    Ok(read) => loaded.push(folded(&keys, &request.wanted, read.iter().flatten())),
                    Err(general) if general.is_general() => error = general,
                    Err(one) => loaded.push(Err(Unloaded::Read(Arc::new(one)))),
                }
            }
            let error = Arc::new(error);
            loaded.resize_with(names.len(), || Err(Unloaded::Read(Arc::clone(&error))));
        }
    }
    asked.into_iter().zip(loaded).collect()
}

fn folded<'a>(
    keys: &Arc<dyn SubjectKeyRing>,
    wanted: &StateRequest,
    events: impl IntoIterator<Item = &'a StreamEvent>,
) -> Result<Loaded, Unloaded> {
    let mut revision = 0;
    let state = opening(keys, |scope| {
        let events = events.into_iter().inspect(|event| {
            revision = event.revision;
            scope.event_of(event.subject);
        });
        fold(wanted, events)
    })??;
    Ok(Loaded { state, revision })
}

/// The streams for which an error was logged: one line for each, however often commands read it.
#[derive(Default)]
pub(super) struct Complaints(HashSet<StreamName>);

impl Complaints {
    const STREAMS_MAX: usize = 1_000;

    pub fn make(&mut self, stream: &StreamName, why: &Unloaded) {
        // If there are too many, the set starts again and each is logged once more.
        if self.0.len() >= Self::STREAMS_MAX {
            self.0.clear();
        }
        if self.0.insert(stream.clone()) {
            tracing::error!(%stream, error = %why, "commands on this stream fail");
        }
    }
}
