//! Keys of persons that are not at hand are fetched beside the sequencer, those of many commands in one call.

use std::{collections::HashSet, sync::Arc, time::Duration};

use event_core::{SubjectId, personal::SubjectKeyRing};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::timeout;

/// Subjects of one call.
const SUBJECTS_MAX: usize = 1_000;

/// Calls under way, and the subjects of the next ones. Each subject is of a command that waits, so their number is bounded
/// as that of commands is.
pub(super) struct KeyFetches {
    keys: Arc<dyn SubjectKeyRing>,
    wait_max: Duration,
    /// Every subject that was asked for and whose call has not ended.
    asked: HashSet<SubjectId>,
    next: Vec<SubjectId>,
    running: FuturesUnordered<BoxFuture<'static, Vec<SubjectId>>>,
}

impl KeyFetches {
    /// A call that takes longer than `wait_max` is given up.
    pub fn new(keys: Arc<dyn SubjectKeyRing>, wait_max: Duration) -> KeyFetches {
        KeyFetches { keys, wait_max, asked: HashSet::new(), next: Vec::new(), running: FuturesUnordered::new() }
    }

    /// The keys of this subject are fetched with the next call, if they are not being fetched.
    pub fn ask(&mut self, subject: SubjectId) {
        if self.asked.insert(subject) {
            self.next.push(subject);
        }
    }

    /// Begins a call for what was asked for. Calls are not limited in number: a slow one would hold up the others.
    pub fn begin(&mut self) {
        while !self.next.is_empty() {
            let subjects = self.next.split_off(self.next.len().saturating_sub(SUBJECTS_MAX));
            let (keys, wait_max, asked) = (Arc::clone(&self.keys), self.wait_max, subjects.clone());
            let task = tokio::spawn(async move {
                if !matches!(timeout(wait_max, keys.prefetch(&asked)).await, Ok(Ok(()))) {
                    tracing::warn!(subjects = asked.len(), "the keys of persons cannot be fetched now");
                }
            });
            // Failed or not: opening and sealing tell which keys have come.
            self.running.push(task.map(move |_| subjects).boxed());
        }
    }

    /// The subjects of the next call that ends; nothing when none is under way.
    pub async fn ended(&mut self) -> Option<Vec<SubjectId>> {
        let subjects = self.running.next().await?;
        for subject in &subjects {
            self.asked.remove(subject);
        }
        Some(subjects)
    }
}
