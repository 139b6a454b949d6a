//! Fetches the keys of persons that are not at hand, concurrently with the sequencer, and those of many commands in one
//! call.

use std::{collections::HashSet, sync::Arc, time::Duration};

use event_core::{SubjectId, personal::SubjectKeyRing};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::timeout;

/// The maximum number of subjects in one call.
const SUBJECTS_MAX: usize = 1_000;

/// The calls in progress, and the subjects of the next ones. A command waits for each subject, so their number is
/// bounded like the number of commands.
pub(super) struct KeyFetches {
    keys: Arc<dyn SubjectKeyRing>,
    wait_max: Duration,
    /// The subjects that were asked for, until their call has ended.
    asked: HashSet<SubjectId>,
    next: Vec<SubjectId>,
    running: FuturesUnordered<BoxFuture<'static, Vec<SubjectId>>>,
}

impl KeyFetches {
    /// A call that takes longer than `wait_max` is abandoned.
    pub fn new(keys: Arc<dyn SubjectKeyRing>, wait_max: Duration) -> KeyFetches {
        KeyFetches { keys, wait_max, asked: HashSet::new(), next: Vec::new(), running: FuturesUnordered::new() }
    }

    /// Fetches the keys of this subject with the next call, unless they are being fetched.
    pub fn ask(&mut self, subject: SubjectId) {
        if self.asked.insert(subject) {
            self.next.push(subject);
        }
    }

    /// Begins calls for the subjects that were asked for. The number of calls is not limited, because a slow one would
    /// then delay the others.
    pub fn begin(&mut self) {
        while !self.next.is_empty() {
            let subjects = self.next.split_off(self.next.len().saturating_sub(SUBJECTS_MAX));
            let (keys, wait_max, asked) = (Arc::clone(&self.keys), self.wait_max, subjects.clone());
            let task = tokio::spawn(async move {
                if !matches!(timeout(wait_max, keys.prefetch(&asked)).await, Ok(Ok(()))) {
                    tracing::warn!(subjects = asked.len(), "the keys of persons cannot be fetched now");
                }
            });
            // The result is not needed: opening and sealing show which keys have arrived.
            self.running.push(task.map(move |_| subjects).boxed());
        }
    }

    /// Waits for the next call to end, and returns its subjects; `None` if none is in progress.
    pub async fn ended(&mut self) -> Option<Vec<SubjectId>> {
        let subjects = self.running.next().await?;
        for subject in &subjects {
            self.asked.remove(subject);
        }
        Some(subjects)
    }
}
