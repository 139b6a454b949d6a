//! Reading rows by their keys: those of all who wait, in one statement. While one statement runs, the next one's keys
//! come together; who is alone waits for nobody.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Row, SqlitePool};
use tokio::sync::{mpsc, oneshot};
use views::Key;

use crate::store::{Build, unsigned};

/// Keys of one statement.
const KEYS_MAX: usize = 256;
/// Keys that wait for their statement; whoever comes then waits to be let in.
const WAITING_MAX: usize = 1_024;

/// A row as it is stored, and the checkpoint that it belongs to.
pub struct Found {
    pub position: u64,
    pub row: Option<Vec<u8>>,
}

struct Asked {
    build: Build,
    key: Key,
    answer: oneshot::Sender<Found>,
}

/// The rows of one read model. The task that reads them ends with it.
pub struct Rows {
    queue: mpsc::Sender<Asked>,
}

impl Rows {
    pub fn of(readers: SqlitePool) -> Rows {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(answer_all(readers, waiting));
        Rows { queue }
    }

    /// `None` where the statement failed: asked alone, it says why.
    pub async fn find(&self, build: Build, key: Key) -> Option<Found> {
        let (answer, found) = oneshot::channel();
        self.queue.send(Asked { build, key, answer }).await.ok()?;
        found.await.ok()
    }
}

async fn answer_all(readers: SqlitePool, mut waiting: mpsc::Receiver<Asked>) {
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
            let (same, others) = asked.into_iter().partition(|asked: &Asked| asked.build == build);
            asked = others;
            // Those whose answers are dropped ask alone.
            let _ = answer(&readers, &build, same).await;
        }
    }
}

async fn answer(readers: &SqlitePool, build: &Build, asked: Vec<Asked>) -> Result<(), sqlx::Error> {
    let keys: Vec<_> = asked.iter().map(|asked| [&asked.key.partition, &asked.key.sort]).collect();
    let keys = serde_json::to_string(&keys).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let mut asked: Vec<_> = asked.into_iter().map(|asked| Some(asked.answer)).collect();
    let found = sqlx::query(statement(build)).bind(keys).bind(build.name).bind(build.version).bind(build.build);
    for found in found.fetch_all(readers).await? {
        let at = usize::try_from(found.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
        if let Some(answer) = asked.get_mut(at).and_then(Option::take) {
            // Nobody may be waiting any more.
            let _ = answer.send(Found { position: unsigned(found.try_get(1)?), row: found.try_get(2)? });
        }
    }
    Ok(())
}

fn statement(build: &Build) -> AssertSqlSafe<Arc<str>> {
    let text = format!(
        "SELECT asked.key, projection.position, row.row FROM projection CROSS JOIN json_each(?1) AS asked \
         LEFT JOIN {} AS row ON row.partition = asked.value ->> 0 AND row.sort = asked.value ->> 1 \
         WHERE projection.name = ?2 AND projection.version = ?3 AND projection.build = ?4",
        build.table()
    );
    AssertSqlSafe(text.into())
}
