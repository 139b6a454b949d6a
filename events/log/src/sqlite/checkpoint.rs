//! Moves what the write-ahead log holds into the database file, on a connection of its own and off the commit's path.
//!
//! A PASSIVE checkpoint disturbs nobody, but under load it never gets the file back to its beginning. So there is a
//! size past which the writer waits until a TRUNCATE one has emptied it.

use std::path::{Path, PathBuf};

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

/// Growth of the write-ahead log after which a PASSIVE checkpoint is asked for. Pages that are written again and again
/// are then moved once.
const PASSIVE_EVERY_BYTES: u64 = 32 * 1024 * 1024;
/// The same in rows, for a write-ahead log that began again at its beginning and so does not grow.
const PASSIVE_EVERY_ROWS: usize = 16_384;
/// After a TRUNCATE that did not get through (a reader was in the way), the next one waits for this much more.
const TRUNCATE_AGAIN_BYTES: u64 = 16 * 1024 * 1024;

enum Order {
    Passive,
    Truncate(oneshot::Sender<()>),
}

/// Of one database file.
pub struct Checkpoints {
    orders: mpsc::Sender<Order>,
    wal: PathBuf,
    /// What the file is called in metrics.
    name: &'static str,
    bytes_max: u64,
    /// The size at which the writer waits.
    wait_at: u64,
    /// Its size at the last PASSIVE one.
    bytes: u64,
    /// Since the last checkpoint.
    rows: usize,
    task: tokio::task::JoinHandle<()>,
}

impl Checkpoints {
    /// Takes a connection of its own to `file`. Every connection that writes has `wal_autocheckpoint = 0`. Past
    /// `bytes_max` bytes of write-ahead log, the writer waits until it is emptied.
    pub fn start(connection: SqliteConnection, file: &Path, name: &'static str, bytes_max: u64) -> Checkpoints {
        let (orders, queue) = mpsc::channel(1);
        let task = tokio::spawn(follow(connection, queue, name));
        let mut wal = file.as_os_str().to_owned();
        wal.push("-wal");
        Checkpoints { orders, wal: wal.into(), name, bytes_max, wait_at: bytes_max, bytes: 0, rows: 0, task }
    }

    /// After each commit.
    pub async fn committed(&mut self, rows: usize) {
        let bytes = std::fs::metadata(&self.wal).map_or(0, |file| file.len());
        metrics::gauge!("sqlite_wal_bytes", "file" => self.name).set(bytes as f64);
        self.rows += rows;
        if bytes >= self.wait_at {
            self.truncate().await;
            let left = std::fs::metadata(&self.wal).map_or(0, |file| file.len());
            self.wait_at = self.bytes_max.max(left + TRUNCATE_AGAIN_BYTES * u64::from(left >= self.bytes_max));
            self.bytes = left;
        } else if bytes >= self.bytes + PASSIVE_EVERY_BYTES || self.rows >= PASSIVE_EVERY_ROWS {
            self.rows = 0;
            self.bytes = bytes;
            // One that is at work already will do.
            let _ = self.orders.try_send(Order::Passive);
        }
    }

    /// Empties the write-ahead log, where nobody is in the way. The writer must be idle.
    pub async fn truncate(&mut self) {
        self.rows = 0;
        let (done, wait) = oneshot::channel();
        if self.orders.send(Order::Truncate(done)).await.is_ok() {
            let _ = wait.await;
        }
    }

    /// Waits for a checkpoint that is under way.
    pub async fn close(self) {
        drop(self.orders);
        let _ = self.task.await;
    }
}

async fn follow(mut connection: SqliteConnection, mut queue: mpsc::Receiver<Order>, name: &'static str) {
    while let Some(order) = queue.recv().await {
        let (sql, done) = match order {
            Order::Passive => ("PRAGMA wal_checkpoint(PASSIVE)", None),
            Order::Truncate(done) => ("PRAGMA wal_checkpoint(TRUNCATE)", Some(done)),
        };
        let began = std::time::Instant::now();
        if let Err(error) = sqlx::query(sql).execute(&mut connection).await {
            // The file stays whole without it: what was committed is in the write-ahead log.
            tracing::warn!(file = name, %error, "a checkpoint failed");
        }
        metrics::histogram!("sqlite_checkpoint_seconds", "file" => name).record(began.elapsed().as_secs_f64());
        if let Some(done) = done {
            let _ = done.send(());
        }
    }
    let _ = connection.close().await;
}
