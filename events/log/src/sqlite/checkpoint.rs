//! Moves what the write-ahead log holds into the database file, on a connection of its own and off the commit's path.
//!
//! A PASSIVE checkpoint disturbs nobody, but under load it never gets the file back to its beginning. So there is a
//! size past which the writer waits until a TRUNCATE one has emptied it.

use std::path::{Path, PathBuf};

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use vocabulary::LogName;

/// Growth of the write-ahead log after which a PASSIVE checkpoint is asked for. Pages that are written again and again
/// are then moved once.
const PASSIVE_EVERY_BYTES: u64 = 32 * 1024 * 1024;
/// The same in events, for a write-ahead log that began again at its beginning and so does not grow.
const PASSIVE_EVERY_EVENTS: usize = 16_384;
/// After a TRUNCATE that did not get through (a reader was in the way), the next one waits for this much more.
const TRUNCATE_AGAIN_BYTES: u64 = 16 * 1024 * 1024;

enum Order {
    Passive,
    Truncate(oneshot::Sender<()>),
}

pub(super) struct Checkpoints {
    orders: mpsc::Sender<Order>,
    wal: PathBuf,
    log: LogName,
    bytes_max: u64,
    /// The size at which the writer waits.
    wait_at: u64,
    /// Its size at the last PASSIVE one.
    bytes: u64,
    /// Since the last checkpoint.
    events: usize,
    task: tokio::task::JoinHandle<()>,
}

impl Checkpoints {
    pub(super) async fn start(file: &Path, log: LogName, bytes_max: u64) -> Result<Checkpoints, sqlx::Error> {
        let connection = super::connect(file).await?;
        let (orders, queue) = mpsc::channel(1);
        let task = tokio::spawn(follow(connection, queue, log));
        let mut wal = file.as_os_str().to_owned();
        wal.push("-wal");
        Ok(Checkpoints { orders, wal: wal.into(), log, bytes_max, wait_at: bytes_max, bytes: 0, events: 0, task })
    }

    /// After each commit.
    pub(super) async fn committed(&mut self, events: usize) {
        let bytes = std::fs::metadata(&self.wal).map_or(0, |file| file.len());
        metrics::gauge!("log_wal_bytes", "log" => self.log.as_str()).set(bytes as f64);
        self.events += events;
        if bytes >= self.wait_at {
            self.truncate().await;
            let left = std::fs::metadata(&self.wal).map_or(0, |file| file.len());
            self.wait_at = self.bytes_max.max(left + TRUNCATE_AGAIN_BYTES * u64::from(left >= self.bytes_max));
            self.bytes = left;
        } else if bytes >= self.bytes + PASSIVE_EVERY_BYTES || self.events >= PASSIVE_EVERY_EVENTS {
            self.events = 0;
            self.bytes = bytes;
            // One that is at work already will do.
            let _ = self.orders.try_send(Order::Passive);
        }
    }

    /// Empties the write-ahead log, where nobody is in the way. The writer must be idle.
    pub(super) async fn truncate(&mut self) {
        self.events = 0;
        let (done, wait) = oneshot::channel();
        if self.orders.send(Order::Truncate(done)).await.is_ok() {
            let _ = wait.await;
        }
    }

    pub(super) async fn close(self) {
        drop(self.orders);
        let _ = self.task.await;
    }
}

async fn follow(mut connection: SqliteConnection, mut queue: mpsc::Receiver<Order>, log: LogName) {
    while let Some(order) = queue.recv().await {
        let (sql, done) = match order {
            Order::Passive => ("PRAGMA wal_checkpoint(PASSIVE)", None),
            Order::Truncate(done) => ("PRAGMA wal_checkpoint(TRUNCATE)", Some(done)),
        };
        let began = std::time::Instant::now();
        if let Err(error) = sqlx::query(sql).execute(&mut connection).await {
            // The log stays whole without it: what was committed is in the write-ahead log.
            tracing::warn!(log = log.as_str(), %error, "a checkpoint failed");
        }
        metrics::histogram!("log_checkpoint_seconds", "log" => log.as_str()).record(began.elapsed().as_secs_f64());
        if let Some(done) = done {
            let _ = done.send(());
        }
    }
    let _ = connection.close().await;
}
