//! The behaviour of a log when its disk or its files fail.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use event_core::{LogName, StreamName};
use event_log::{
    Append, Condition, Expected, Granted, Idempotency, Log, LogError, LogOptions, NewEvent, Provenance, Refused,
    sqlite::{self, FileLock},
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use uuid::Uuid;

async fn open(folder: &Path) -> Result<Log, LogError> {
    Log::open(&format!("sqlite:{}", folder.display()), LogName::Care, LogOptions::default()).await
}

fn event(stream: &str, revision: u64, bytes: usize) -> Append {
    let stream: StreamName = stream.parse().expect("a stream");
    Append {
        conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(revision) }],
        events: vec![NewEvent { stream, id: Uuid::now_v7(), kind: "test.happened.v1", data: vec![b'x'; bytes].into() }],
        provenance: Provenance::by("{}"),
        idempotency: None,
        depends_on: Vec::new(),
        may_use_reserve: false,
    }
}

/// Runs a statement on a log's file while no log has it open.
async fn tamper(file: &Path, sql: &str) {
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await.expect("opens");
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("runs");
    connection.close().await.expect("closes");
}

async fn why_not(folder: &Path) -> String {
    match open(folder).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error.to_string(),
    }
}

async fn written() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let log = open(folder.path()).await.expect("opens");
    for revision in 0..200 {
        log.append(event("test-a", revision, 500)).await.expect("stored");
    }
    log.close().await;
    let file = folder.path().join("care.db");
    (folder, file)
}

/// A file system of a few megabytes, gone when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None`, with a printed warning, if this machine does not allow the mount; a panic if CI is set.
    fn mount(megabytes: u32) -> Option<SmallDisk> {
        let folder = TempDir::new().expect("a folder");
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        let why = match mounted {
            Ok(output) if output.status.success() => return Some(SmallDisk(folder)),
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        assert!(
            std::env::var_os("CI").is_none(),
            "a full disk must be tested in CI, and no tmpfs can be mounted: {why}"
        );
        eprintln!("NOT TESTED: the full disk. A tmpfs cannot be mounted here: {why}");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because a failing test may still have files open.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// The trap: a full disk.
#[tokio::test]
async fn a_full_disk_refuses_loses_nothing_and_recovers_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(12) else { return };
    let log = open(disk.path()).await.expect("opens");
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 4 * 1024 * 1024]).expect("there is room");
    let mut acknowledged = 0;
    let refusal = loop {
        match log.append(event("test-a", acknowledged, 100_000)).await {
            Ok(_) => acknowledged += 1,
            Err(refused) => break refused,
        }
        assert!(acknowledged < 1_000, "the disk never fills up");
    };
    assert_eq!(refusal, Refused::Unavailable("the disk is full".into()));
    assert!(acknowledged > 10);
    // The disk stays full: the log refuses each append, and can still be read.
    for _ in 0..3 {
        let again = log.append(event("test-a", acknowledged, 100_000)).await;
        assert!(matches!(again, Err(Refused::Unavailable(_))), "{again:?}");
    }
    let fault = log.write_fault().expect("it is seen");
    assert_eq!(fault.why, "the disk is full");
    assert!(fault.since < fault.last, "the first and the last failure");
    assert_eq!(log.end(), acknowledged);
    assert_eq!(log.read(0, 1_000).await.expect("readable").len() as u64, acknowledged);

    std::fs::remove_file(&ballast).expect("removed");
    let stored = log.append(event("test-a", acknowledged, 100_000)).await;
    assert!(matches!(stored, Ok(Granted::Stored(_))), "{stored:?}");
    assert_eq!(log.write_fault(), None);
    log.close().await;
    let log = open(disk.path()).await.expect("opens");
    let events = log.read(0, 1_000).await.expect("readable");
    let positions: Vec<u64> = events.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=acknowledged + 1).collect::<Vec<u64>>());
    log.close().await;
}

/// Requests in one batch with the one that fills the disk are refused, and none of them is stored in part.
#[tokio::test]
async fn a_batch_that_fills_the_disk_is_refused_whole() {
    let Some(disk) = SmallDisk::mount(8) else { return };
    let log = open(disk.path()).await.expect("opens");
    log.append(event("test-before", 0, 10)).await.expect("stored");
    let submit = |n: usize| log.submit(event(&format!("test-{n}"), 0, 200_000)).expect("submitted").outcome;
    let batch: Vec<_> = (0..60).map(submit).collect();
    for outcome in batch {
        assert_eq!(outcome.await, Err(Refused::Unavailable("the disk is full".into())));
    }
    assert_eq!(log.end(), 1);
    // A small request fits: the heads of the refused ones are not cached.
    log.append(event("test-0", 0, 10)).await.expect("stored");
    assert_eq!(log.read(0, 100).await.expect("readable").len(), 2);
    log.close().await;
}

/// The decision of a command that stores nothing is written with its batch, or not at all: a refusal that was never
/// answered must not be the answer to a repeat.
#[tokio::test]
async fn a_decision_of_a_batch_that_fills_the_disk_is_not_remembered() {
    let Some(disk) = SmallDisk::mount(8) else { return };
    let log = open(disk.path()).await.expect("opens");
    log.append(event("test-before", 0, 10)).await.expect("stored");
    let key = [1; 32];
    let command = |outcome: &'static str| Append {
        idempotency: Some(Idempotency {
            command_key: key,
            earlier_key: None,
            request_hash: key,
            outcome: Some(outcome.into()),
        }),
        ..event("test-before", 1, 10)
    };
    let no = Append { events: Vec::new(), ..command("no") };
    // Submitted without waiting in between, they form one batch.
    let mut batch = vec![log.submit(no).expect("submitted").outcome];
    let large = |n: usize| log.submit(event(&format!("test-{n}"), 0, 200_000)).expect("submitted").outcome;
    batch.extend((0..60).map(large));
    for outcome in batch {
        assert_eq!(outcome.await, Err(Refused::Unavailable("the disk is full".into())));
    }
    assert_eq!(log.find(&key).await.expect("readable"), None);
    log.close().await;
    let log = open(disk.path()).await.expect("opens");
    assert_eq!((log.end(), log.find(&key).await.expect("readable")), (1, None));
    let decided_again = log.append(command("yes")).await;
    assert!(matches!(decided_again, Ok(Granted::Stored(_))), "{decided_again:?}");
    log.close().await;
}

/// The trap: two leaders. The lock is the operating system's: it holds between processes, and ends with its owner.
#[tokio::test]
async fn a_second_opening_of_the_same_folder_is_refused_and_says_who_has_it() {
    let folder = TempDir::new().expect("a folder");
    let log = open(folder.path()).await.expect("opens");
    let why = why_not(folder.path()).await;
    assert!(why.contains("open in another process") && why.contains(&std::process::id().to_string()), "{why}");
    assert!(FileLock::take(folder.path(), LogName::Care).is_err(), "nor can it be checked offline");
    log.append(event("test-a", 0, 10)).await.expect("the first one goes on");
    log.close().await;
    drop(FileLock::take(folder.path(), LogName::Care).expect("free"));
    open(folder.path()).await.expect("opens").close().await;
}

/// The trap: a task of the store ends unnoticed, and the log does only a part of its work from then on.
#[tokio::test]
async fn the_end_of_one_of_the_stores_tasks_is_the_logs_end() {
    let folder = TempDir::new().expect("a folder");
    let options = LogOptions::default();
    let mut opened = sqlite::open(folder.path(), LogName::Care, &options).await.expect("opens");
    assert!(!opened.tasks.is_empty(), "its checkpoints are a task");
    let (lives, running) = tokio::sync::watch::channel(());
    opened.tasks.push(running);
    let log = Log::start(opened, &options);
    let mut ended = std::pin::pin!(log.ended());
    assert!(futures::poll!(&mut ended).is_pending());
    drop(lives);
    tokio::time::timeout(std::time::Duration::from_secs(60), ended).await.expect("it is seen");
}

#[tokio::test]
async fn another_process_cannot_open_a_log_that_is_open_and_can_afterwards() {
    let folder = TempDir::new().expect("a folder");
    let log = open(folder.path()).await.expect("opens");
    let other = || {
        let lock = folder.path().join("care.lock");
        Command::new("flock").arg("--nonblock").arg(lock).arg("true").status().map(|status| status.success())
    };
    let Ok(refused) = other() else { panic!("flock (util-linux) is needed to play the other process") };
    assert!(!refused);
    log.close().await;
    assert!(other().expect("runs"));
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let (folder, file) = written().await;
    tamper(&file, "PRAGMA user_version = 99").await;
    let why = why_not(folder.path()).await;
    assert!(why.contains("version 99") && why.contains("newer binary"), "{why}");
    tamper(&file, &format!("PRAGMA user_version = {}", sqlite::SCHEMA_VERSION)).await;
    assert_eq!(open(folder.path()).await.expect("opens").end(), 200);
}

#[tokio::test]
async fn a_care_log_renamed_to_access_is_refused() {
    let (folder, file) = written().await;
    std::fs::rename(&file, folder.path().join("access.db")).expect("renamed");
    let url = format!("sqlite:{}", folder.path().display());
    let opened = Log::open(&url, LogName::Access, LogOptions::default()).await;
    let why = opened.err().expect("refused").to_string();
    assert!(why.contains("this is the log care, not access"), "{why}");
}

#[tokio::test]
async fn a_file_that_is_no_database_gives_a_clear_error() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("care.db"), b"Dear diary, ".repeat(1_000)).expect("written");
    let why = why_not(folder.path()).await;
    assert!(why.contains("care.db") && why.contains("not a SQLite database"), "{why}");
}

#[tokio::test]
async fn a_database_of_somebody_else_is_refused_and_not_changed() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("care.db");
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut theirs = options.connect().await.expect("opens");
    sqlx::query("CREATE TABLE recipe (name TEXT)").execute(&mut theirs).await.expect("runs");
    theirs.close().await.expect("closes");
    let before = std::fs::read(&file).expect("readable");
    let why = why_not(folder.path()).await;
    assert!(why.contains("not a log of Frontdoor"), "{why}");
    assert!(std::fs::read(&file).expect("readable") == before);
}

/// The trap: a torn write.
#[tokio::test]
async fn a_file_that_was_cut_short_gives_a_clear_error() {
    let (folder, file) = written().await;
    let whole = std::fs::metadata(&file).expect("there").len();
    let cut = std::fs::OpenOptions::new().write(true).open(&file).expect("opens");
    cut.set_len(whole / 2).expect("cut");
    let why = why_not(folder.path()).await;
    assert!(why.contains("care.db") && why.contains("damaged"), "{why}");
}

#[tokio::test]
async fn a_damaged_envelope_names_its_position_and_is_not_skipped() {
    let (folder, file) = written().await;
    tamper(&file, "UPDATE event SET meta = x'01ff' WHERE position = 7").await;
    let log = open(folder.path()).await.expect("opens");
    let error = log.read(0, 100).await.expect_err("damaged");
    assert!(matches!(error, LogError::Damaged { position: 7, .. }), "{error}");
    assert_eq!(log.read(7, 100).await.expect("readable").len(), 100);
}

/// The trap: time-outs that skip gaps. A hole is an error, never waited for or skipped.
#[tokio::test]
async fn a_hole_in_the_log_stops_its_followers() {
    use event_log::{FromLog, feed::Feed};
    let (folder, file) = written().await;
    tamper(&file, "DELETE FROM event WHERE position = 120").await;
    let log = open(folder.path()).await.expect("opens");
    let mut feed = FromLog::after(log, 0, 100, Vec::new());
    assert_eq!(feed.next().await.expect("before the hole").len(), 100);
    assert_eq!(feed.next().await.expect("up to the hole").len(), 19);
    let error = feed.next().await.expect_err("a hole");
    assert!(matches!(error, LogError::Damaged { position: 120, .. }), "{error}");
}

#[tokio::test]
async fn the_write_ahead_log_stays_within_its_limit() {
    let folder = TempDir::new().expect("a folder");
    let url = format!("sqlite:{}", folder.path().display());
    let options = LogOptions { wal_bytes_max: 1024 * 1024, ..LogOptions::default() };
    let log = Log::open(&url, LogName::Care, options).await.expect("opens");
    for revision in 0..100 {
        log.append(event("test-a", revision, 100_000)).await.expect("stored");
        let wal = std::fs::metadata(folder.path().join("care.db-wal")).expect("there").len();
        assert!(wal < 2 * 1024 * 1024, "{wal} bytes after event {revision}");
    }
    log.close().await;
}
