//! Moves the content of the write-ahead log into the database file, on a separate connection and outside the commit's
//! path.
//!
//! A PASSIVE checkpoint blocks no other connection, but under load it never resets the write-ahead log. Beyond a
//! certain size, the writer therefore waits until a TRUNCATE checkpoint has emptied it.

use std::{path::PathBuf, time::Duration};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{mpsc, oneshot, watch};

/// Growth of the write-ahead log after which a PASSIVE checkpoint is requested. Pages that are written repeatedly are
/// then moved only once.
const PASSIVE_EVERY_BYTES: u64 = 32 * 1024 * 1024;
/// The same in rows, for a write-ahead log that was reset and is overwritten, and so does not grow.
const PASSIVE_EVERY_ROWS: usize = 16_384;
/// After a TRUNCATE that a reader has blocked, the next one waits for this much further growth.
const TRUNCATE_AGAIN_BYTES: u64 = 16 * 1024 * 1024;
/// How long the writer waits for a TRUNCATE. After that it continues, and the write-ahead log grows.
const TRUNCATE_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a checkpoint may take: `BUSY_MAX` for readers, and 256 MiB on a slow disk. After that its connection is
/// dropped, and the next checkpoint opens another one.
const CHECKPOINT_TIME_MAX: Duration = Duration::from_secs(60);

const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
const TRUNCATE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

enum CheckpointRequest {
    Passive,
    Truncate(oneshot::Sender<()>),
}

/// The checkpoints of one database file.
pub struct Checkpoints {
    orders: mpsc::Sender<CheckpointRequest>,
    wal: PathBuf,
    /// The name of the file in metrics.
    name: &'static str,
    bytes_max: u64,
    /// The size at which the writer waits.
    wait_at: u64,
    /// The size at the last checkpoint.
    bytes: u64,
    /// The number of rows since the last checkpoint.
    rows: usize,
    task: tokio::task::JoinHandle<()>,
    running: watch::Receiver<()>,
}

impl Checkpoints {
    /// Takes a separate connection, made with `options`; after an error it is made again. Every connection that writes
    /// has `wal_autocheckpoint = 0`. Beyond `bytes_max` bytes of write-ahead log, the writer waits until it is emptied.
    pub fn start(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
        name: &'static str,
        bytes_max: u64,
    ) -> Checkpoints {
        let (orders, queue) = mpsc::channel(1);
        let mut wal = options.get_filename().as_os_str().to_owned();
        let (lives, running) = watch::channel(());
        let task = tokio::spawn(async move {
            follow(connection, options, queue, name).await;
            drop(lives);
        });
        wal.push("-wal");
        Checkpoints { orders, wal: wal.into(), name, bytes_max, wait_at: bytes_max, bytes: 0, rows: 0, task, running }
    }

    /// Its sender lives as long as the task, which ends when this is closed. An earlier end is a bug.
    pub fn running(&self) -> watch::Receiver<()> {
        self.running.clone()
    }

    /// Called after each commit.
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
            // If one is already requested, that one is enough.
            let _ = self.orders.try_send(CheckpointRequest::Passive);
        }
    }

    /// Empties the write-ahead log, unless a reader is in the way. The writer must be idle.
    pub async fn truncate(&mut self) {
        self.rows = 0;
        let (done, wait) = oneshot::channel();
        let emptied = async {
            if self.orders.send(CheckpointRequest::Truncate(done)).await.is_ok() {
                let _ = wait.await;
            }
        };
        if tokio::time::timeout(TRUNCATE_TIME_MAX, emptied).await.is_err() {
            tracing::warn!(file = self.name, "a checkpoint takes too long: the writer continues without it");
        }
    }

    /// Waits for a checkpoint that is in progress.
    pub async fn close(self) {
        drop(self.orders);
        let _ = self.task.await;
    }
}

async fn follow(
    connection: SqliteConnection,
    options: SqliteConnectOptions,
    mut queue: mpsc::Receiver<CheckpointRequest>,
    name: &'static str,
) {
    let mut held = Some(connection);
    while let Some(order) = queue.recv().await {
        let (sql, done) = match order {
            CheckpointRequest::Passive => (PASSIVE, None),
            CheckpointRequest::Truncate(done) => (TRUNCATE, Some(done)),
        };
        let began = std::time::Instant::now();
        if let Err(error) = checkpoint(&mut held, &options, sql, CHECKPOINT_TIME_MAX).await {
            // The file stays intact: committed data is in the write-ahead log.
            tracing::warn!(file = name, %error, "a checkpoint failed");
        }
        metrics::histogram!("sqlite_checkpoint_seconds", "file" => name).record(began.elapsed().as_secs_f64());
        if let Some(done) = done {
            let _ = done.send(());
        }
    }
    if let Some(connection) = held {
        let _ = tokio::time::timeout(CHECKPOINT_TIME_MAX, connection.close()).await;
    }
}

/// Runs a checkpoint. If it fails, or does not end in time, its connection is dropped, because its state is unknown.
async fn checkpoint(
    held: &mut Option<SqliteConnection>,
    options: &SqliteConnectOptions,
    sql: &'static str,
    time_max: Duration,
) -> Result<(), sqlx::Error> {
    let own = held.take();
    let done = async {
        let mut connection = match own {
            Some(connection) => connection,
            None => options.connect().await?,
        };
        sqlx::query(sql).execute(&mut connection).await?;
        Ok::<_, sqlx::Error>(connection)
    };
    let in_time = tokio::time::timeout(time_max, done).await;
    *held = Some(in_time.map_err(|_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))??);
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteJournalMode;

    use super::*;

    /// The trap: a connection with a file that failed is used again and again, and the write-ahead log grows without
    /// limit.
    #[tokio::test]
    async fn after_an_error_the_next_checkpoint_has_a_new_connection() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let options = SqliteConnectOptions::new().filename(folder.path().join("log.db")).create_if_missing(true);
        let mut held = Some(options.connect().await.expect("it opens"));
        checkpoint(&mut held, &options, "PRAGMA is no statement", CHECKPOINT_TIME_MAX)
            .await
            .expect_err("it is refused");
        assert!(held.is_none());
        checkpoint(&mut held, &options, PASSIVE, CHECKPOINT_TIME_MAX).await.expect("it is done");
        assert!(held.is_some());
    }

    /// The trap: the task waits without end, and the write-ahead log is no longer emptied.
    #[tokio::test]
    async fn a_checkpoint_that_does_not_end_costs_its_connection_and_no_more() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let options = SqliteConnectOptions::new().filename(folder.path().join("log.db")).create_if_missing(true);
        let options = options.journal_mode(SqliteJournalMode::Wal).busy_timeout(Duration::from_secs(3_600));
        let mut writing = options.connect().await.expect("it opens");
        sqlx::raw_sql("BEGIN IMMEDIATE; CREATE TABLE t (n)").execute(&mut writing).await.expect("it is locked");
        let mut held = Some(options.connect().await.expect("it opens"));
        let waiting = checkpoint(&mut held, &options, TRUNCATE, Duration::from_millis(50));
        let ended = tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it is given up");
        assert!(ended.is_err() && held.is_none());
        sqlx::raw_sql("COMMIT").execute(&mut writing).await.expect("it is free");
        checkpoint(&mut held, &options, TRUNCATE, CHECKPOINT_TIME_MAX).await.expect("it is done");
    }

    /// The trap: the task panics unnoticed, and the write-ahead log grows without limit.
    #[tokio::test]
    async fn the_end_of_the_task_is_seen() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let options = SqliteConnectOptions::new().filename(folder.path().join("log.db")).create_if_missing(true);
        let connection = options.connect().await.expect("it opens");
        let checkpoints = Checkpoints::start(connection, options, "log", 1);
        let mut running = checkpoints.running();
        checkpoints.task.abort();
        let seen = tokio::time::timeout(Duration::from_secs(60), running.changed()).await.expect("in time");
        seen.expect_err("its sender is gone");
    }

    /// The trap: the writer waits without end for a disk that does not answer.
    #[tokio::test]
    async fn a_truncate_that_does_not_end_is_given_up() {
        let (orders, _unanswered) = mpsc::channel(1);
        let task = tokio::spawn(std::future::ready(()));
        let (wal, name, (_, running)) = (PathBuf::new(), "log", watch::channel(()));
        let mut stuck = Checkpoints { orders, wal, name, bytes_max: 0, wait_at: 0, bytes: 0, rows: 0, task, running };
        tokio::time::timeout(2 * TRUNCATE_TIME_MAX, stuck.truncate()).await.expect("it goes on");
    }
}
