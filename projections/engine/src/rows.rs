//! Reads rows by key, and combines the keys of concurrent requests in one statement. While a statement runs, keys are
//! collected for the next one. A single request runs without delay.

use std::sync::Arc;

use event_core::Key;
use tokio::sync::{mpsc, oneshot};

use crate::store::{Build, FoundRow, RowStore};

/// The maximum number of keys of one statement.
pub const KEYS_MAX: usize = 256;
/// The maximum number of keys in the queue. Further requests wait for a free place.
const WAITING_MAX: usize = 1_024;

struct RowRequest {
    build: Build,
    key: Key,
    answer: oneshot::Sender<FoundRow>,
}

/// The rows of one read model. The task that reads them ends when this is dropped.
pub struct RowReads {
    queue: mpsc::Sender<RowRequest>,
}

impl RowReads {
    pub fn of(store: Arc<dyn RowStore>) -> RowReads {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(answer_all(store, waiting));
        RowReads { queue }
    }

    /// Waits until the reading task has ended. This is a bug while the read model is in use.
    pub async fn ended(&self) {
        self.queue.closed().await;
    }

    /// `None` if the statement failed: the caller then reads the row alone, which returns the error.
    pub async fn find(&self, build: Build, key: Key) -> Option<FoundRow> {
        let (answer, found) = oneshot::channel();
        self.queue.send(RowRequest { build, key, answer }).await.ok()?;
        found.await.ok()
    }
}

async fn answer_all(store: Arc<dyn RowStore>, mut waiting: mpsc::Receiver<RowRequest>) {
    let mut asked = Vec::with_capacity(KEYS_MAX);
    while waiting.recv_many(&mut asked, KEYS_MAX).await > 0 {
        // Requests that are ready get a chance to join this statement, which is cheaper than a statement for each.
        tokio::task::yield_now().await;
        while asked.len() < KEYS_MAX
            && let Ok(more) = waiting.try_recv()
        {
            asked.push(more);
        }
        // There are two builds at the moment when a rebuild is replacing one.
        while let Some(build) = asked.first().map(|asked| asked.build) {
            let (same, others) = asked.into_iter().partition(|asked: &RowRequest| asked.build == build);
            asked = others;
            // If the statement fails, the callers get no answer and read their rows alone.
            let _ = answer(&*store, &build, same).await;
        }
    }
}

async fn answer(store: &dyn RowStore, build: &Build, asked: Vec<RowRequest>) -> Result<(), sqlx::Error> {
    let keys: Vec<_> = asked.iter().map(|asked| &asked.key).collect();
    let found = store.rows(build, &keys).await?;
    let mut asked: Vec<_> = asked.into_iter().map(|asked| Some(asked.answer)).collect();
    for (at, found) in found {
        if let Some(answer) = asked.get_mut(at).and_then(Option::take) {
            // The receiver may have been dropped in the meantime.
            let _ = answer.send(found);
        }
    }
    Ok(())
}
