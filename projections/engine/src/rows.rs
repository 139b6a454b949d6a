//! Reading rows by their keys: those of all who wait, in one statement. While one statement runs, the next one's keys
//! come together; who is alone waits for nobody.

use std::sync::Arc;

use event_core::Key;
use tokio::sync::{mpsc, oneshot};

use crate::store::{Build, FoundRow, RowStore};

/// Keys of one statement.
const KEYS_MAX: usize = 256;
/// Keys that wait for their statement; whoever comes then waits to be let in.
const WAITING_MAX: usize = 1_024;

struct RowRequest {
    build: Build,
    key: Key,
    answer: oneshot::Sender<FoundRow>,
}

/// The rows of one read model. The task that reads them ends with it.
pub struct RowReads {
    queue: mpsc::Sender<RowRequest>,
}

impl RowReads {
    pub fn of(store: Arc<dyn RowStore>) -> RowReads {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(answer_all(store, waiting));
        RowReads { queue }
    }

    /// Waits until the task that reads has ended. While its read model is in use that is a bug.
    pub async fn ended(&self) {
        self.queue.closed().await;
    }

    /// `None` where the statement failed: asked alone, it says why.
    pub async fn find(&self, build: Build, key: Key) -> Option<FoundRow> {
        let (answer, found) = oneshot::channel();
        self.queue.send(RowRequest { build, key, answer }).await.ok()?;
        found.await.ok()
    }
}

async fn answer_all(store: Arc<dyn RowStore>, mut waiting: mpsc::Receiver<RowRequest>) {
    let mut asked = Vec::with_capacity(KEYS_MAX);
    while waiting.recv_many(&mut asked, KEYS_MAX).await > 0 {
        // Requests that are ready to ask, too, get their turn: that is cheaper than a statement for each.
        tokio::task::yield_now().await;
        while asked.len() < KEYS_MAX
            && let Ok(more) = waiting.try_recv()
        {
            asked.push(more);
        }
        // While a rebuild takes its place there are two.
        while let Some(build) = asked.first().map(|asked| asked.build) {
            let (same, others) = asked.into_iter().partition(|asked: &RowRequest| asked.build == build);
            asked = others;
            // Those whose answers are dropped ask alone.
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
            // Nobody may be waiting any more.
            let _ = answer.send(found);
        }
    }
    Ok(())
}
