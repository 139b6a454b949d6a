//! A log is copied from a real SQLite file to a real PostgreSQL, unchanged.

use std::path::Path;

use event_core::{LogName, Raw, StreamName, envelope::Hash};
use event_log::{
    Append, Condition, Expected, Granted, Idempotency, Log, LogError, LogOptions, NewEvent, Provenance,
    copy::{Copied, CopyStep, LogCopier, Progress},
};
use local::postgres::Database;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// More events than one transaction of a copy takes.
const MANY: usize = 12_000;
const NAME: LogName = LogName::Care;

fn key(n: usize) -> Hash {
    let mut key = [7; 32];
    key[..8].copy_from_slice(&(n as u64).to_be_bytes());
    key
}

/// A command of three events on a stream of its own.
fn command(n: usize) -> Append {
    let stream = StreamName::of("session", n);
    let event = |i: usize| NewEvent {
        stream: stream.clone(),
        id: Uuid::now_v7(),
        kind: "appointment.slot-taken.v1",
        data: format!(r#"{{ "n":{n}, "i":{i}, "text":"{}" }}"#, "ü\\u0000 ".repeat(n % 50)).into(),
    };
    Append {
        conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(0) }],
        events: (0..3).map(event).collect(),
        provenance: Provenance {
            actor: r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null}"#.into(),
            acting_for: n.is_multiple_of(2).then(|| StreamName::of("registration", n)),
            subject: n.is_multiple_of(3).then(|| Uuid::new_v4().to_string().parse().expect("a subject")),
            correlation: n.is_multiple_of(5).then(Uuid::now_v7),
            causation: n.is_multiple_of(7).then(Uuid::now_v7),
            trace: n.is_multiple_of(11).then(|| "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        },
        idempotency: Some(Idempotency {
            command_key: key(n),
            earlier_key: None,
            request_hash: key(n + 1),
            outcome: None,
        }),
        depends_on: Vec::new(),
        may_use_reserve: false,
    }
}

async fn open(url: &str) -> Log {
    Log::open(url, NAME, LogOptions::default()).await.expect("it opens")
}

fn sqlite(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().display())
}

/// A closed log with this number of events.
async fn filled(events: usize) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(&sqlite(&folder)).await;
    let outcomes: Vec<_> = (0..events / 3).map(|n| log.submit(command(n)).expect("submitted").outcome).collect();
    for outcome in outcomes {
        assert!(matches!(outcome.await, Ok(Granted::Stored(_))));
    }
    log.close().await;
    folder
}

async fn whole(log: &Log) -> Vec<Raw> {
    let mut events: Vec<Raw> = Vec::new();
    while (events.len() as u64) < log.end() {
        events.extend(log.read(events.len() as u64, 5_000).await.expect("readable"));
    }
    events
}

async fn copy(from: &Path, to: &str) -> Result<Copied, LogError> {
    LogCopier::open(from, to, NAME).await?.run(|_| ()).await
}

/// Begins a copy, and drops it inside the second transaction.
async fn stopped_half_way(from: &Path, to: &str) {
    let (begun, stop) = tokio::sync::oneshot::channel();
    let mut begun = Some(begun);
    let progress = move |progress: Progress| {
        if let Some(begun) = begun.take_if(|_| progress.step == CopyStep::Copying) {
            begun.send(progress.done).expect("the test waits");
        }
    };
    let copy = LogCopier::open(from, to, NAME).await.expect("it can be copied").run(progress);
    tokio::select! {
        biased;
        done = stop => assert!((1..MANY as u64).contains(&done.expect("it began")), "half-way"),
        copied = copy => panic!("it was not stopped: {copied:?}"),
    }
}

fn why(refused: Result<Copied, LogError>) -> String {
    refused.expect_err("is refused").to_string()
}

async fn sql(database: &Database, statement: &str) {
    let mut owner = PgConnection::connect(&database.url("owner").await).await.expect("it connects");
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut owner).await.expect("it is done");
    owner.close().await.expect("it ends");
}

#[tokio::test]
async fn a_log_that_was_copied_is_the_same_log_and_knows_its_commands() {
    let folder = filled(MANY).await;
    let database = Database::new();
    let copied = copy(folder.path(), &database.url("owner").await).await.expect("it is copied");
    let (source, target) = (open(&sqlite(&folder)).await, open(&database.url("server").await).await);
    assert_eq!((copied.events, copied.lineage), (MANY as u64, source.lineage()));
    assert_eq!(target.lineage(), source.lineage());
    assert_eq!(target.keyed_hash(&[b"x"]), source.keyed_hash(&[b"x"]), "the same secret");
    let (events, theirs) = (whole(&source).await, whole(&target).await);
    assert_eq!(events.len(), MANY);
    assert!(events == theirs, "every field of every event is the same");
    // A repeated command gets its earlier outcome, and a new one is stored after the last position.
    let again = |outcome| match outcome {
        Ok(Granted::Repeated(stored)) => stored,
        other => panic!("no repeat: {other:?}"),
    };
    let repeated = again(target.append(command(17)).await);
    assert_eq!(repeated, again(source.append(command(17)).await));
    assert_eq!(repeated[0].position, events.iter().find(|event| event.id == repeated[0].id).expect("there").position);
    match target.append(command(MANY)).await {
        Ok(Granted::Stored(stored)) => assert_eq!(stored[0].position, MANY as u64 + 1),
        other => panic!("{other:?}"),
    }
}

/// A repeat that comes after the move gets the answer that the source gave.
#[tokio::test]
async fn a_log_that_was_copied_knows_the_decisions_that_stored_no_event() {
    let folder = filled(3).await;
    let refusal = || {
        let mut refused = command(7);
        refused.events.clear();
        refused.idempotency.as_mut().expect("a key").outcome = Some("no".into());
        refused
    };
    let source = open(&sqlite(&folder)).await;
    assert_eq!(source.append(refusal()).await, Ok(Granted::Holds { position: 0 }));
    source.close().await;
    let database = Database::new();
    let copied = copy(folder.path(), &database.url("owner").await).await.expect("it is copied");
    assert_eq!(copied.remembered, 1);
    let target = open(&database.url("server").await).await;
    let remembered = Ok(Granted::Remembered { position: 0, outcome: "no".into() });
    assert_eq!(target.append(refusal()).await, remembered);
    assert_eq!(target.append(command(7)).await, remembered);
}

#[tokio::test]
async fn a_copy_that_was_stopped_goes_on_and_no_server_opens_it_before_it_is_whole() {
    let folder = filled(MANY).await;
    let database = Database::new();
    let owner = database.url("owner").await;
    stopped_half_way(folder.path(), &owner).await;
    let early = Log::open(&database.url("server").await, NAME, LogOptions::default()).await.err();
    assert!(early.expect("it is refused").to_string().contains("a copy into it is not finished"));
    // The copy continues: the first step compares the existing rows, and none of them is copied again.
    let mut steps = Vec::new();
    let again = LogCopier::open(folder.path(), &owner, NAME).await.expect("it can be copied");
    let copied = again.run(|progress| steps.push(progress)).await.expect("it is copied");
    assert_eq!(copied.events, MANY as u64);
    let first = |step| steps.iter().find(|progress| progress.step == step).expect("it came to it").done;
    assert!(first(CopyStep::Comparing) > 0 && first(CopyStep::Copying) > 5_000, "{steps:?}");
    // In another run there is nothing to copy, and the result is the same.
    assert_eq!(copy(folder.path(), &owner).await.expect("it is whole"), copied);
    let (source, target) = (open(&sqlite(&folder)).await, open(&owner).await);
    assert!(whole(&source).await == whole(&target).await);
}

#[tokio::test]
async fn a_damaged_target_is_found_wherever_it_is() {
    let folder = filled(600).await;
    for (damage, found) in [
        ("UPDATE care.event SET data = data || 'x' WHERE position = 7", "event 7 of the log is damaged"),
        ("UPDATE care.event SET recorded_at = recorded_at + 1 WHERE position = 600", "in its recorded_at"),
        ("UPDATE care.event SET command_key = NULL WHERE position = 1", "in its command_key"),
        ("UPDATE care.event SET meta = meta || '\\x00' WHERE position = 9", "in its meta"),
        ("UPDATE care.event SET id = gen_random_uuid() WHERE position = 300", "in its id"),
        ("DELETE FROM care.event WHERE position = 300", "event 300 of the log is damaged: only one side has it"),
        ("UPDATE care.event SET position = -3 WHERE position = 600", "the log is damaged"),
        ("UPDATE care.event SET position = 601 WHERE position = 600", "it has gone on by itself"),
    ] {
        let database = Database::new();
        let owner = database.url("owner").await;
        copy(folder.path(), &owner).await.expect("it is copied");
        sql(&database, damage).await;
        let why = why(copy(folder.path(), &owner).await);
        assert!(why.contains(found), "{damage}: {why}");
    }
}

#[tokio::test]
async fn what_is_not_the_beginning_of_the_log_is_left_as_it_is() {
    let (folder, other) = (filled(30).await, filled(30).await);
    let refuse = async |database: &Database, reason: &str| {
        let why = why(copy(folder.path(), &database.url("owner").await).await);
        assert!(why.contains(reason), "{reason}: {why}");
    };
    let database = Database::new();
    copy(other.path(), &database.url("owner").await).await.expect("it is copied");
    refuse(&database, "it has events of another history").await;

    let database = Database::new();
    sql(&database, "UPDATE care.log SET name = 'care, not whole'").await;
    refuse(&database, "it is an unfinished copy of another log").await;

    let database = Database::new();
    sql(&database, "INSERT INTO care.lease (role, owner, epoch, until) VALUES ('relay', 'x', 1, now())").await;
    refuse(&database, "a server has worked with it").await;

    let database = Database::new();
    refuse(&database.emptied().await, "it has to be migrated first").await;

    let database = Database::new();
    let log = open(&database.url("server").await).await;
    refuse(&database, "a server is connected to the target").await;
    log.close().await;

    let database = Database::new();
    let why = why(copy(folder.path(), &database.url("server").await).await);
    assert!(why.contains("use the role that owns the logs"), "{why}");
}

#[tokio::test]
async fn a_source_that_is_in_use_missing_or_has_a_hole_is_refused() {
    let folder = filled(30).await;
    let database = Database::new();
    let owner = database.url("owner").await;
    let log = open(&sqlite(&folder)).await;
    let refused = why(copy(folder.path(), &owner).await);
    assert!(refused.contains("is open in another process"), "{refused}");
    log.close().await;

    let nothing = tempfile::tempdir().expect("a folder");
    let refused = why(copy(nothing.path(), &owner).await);
    assert!(refused.contains("the folder holds no log care"), "{refused}");

    let file = format!("sqlite:{}", folder.path().join("care.db").display());
    let mut damage = sqlx::SqliteConnection::connect(&file).await.expect("it opens");
    sqlx::raw_sql("DELETE FROM event WHERE position = 20").execute(&mut damage).await.expect("it is done");
    damage.close().await.expect("closed");
    let refused = why(copy(folder.path(), &owner).await);
    assert!(refused.contains("event 20 of the log is damaged: the source does not have it"), "{refused}");
}

/// The trap: two copies at the same time, and one fills a log that the other has verified.
#[tokio::test]
async fn one_copy_at_a_time_goes_into_a_log() {
    let folder = filled(30).await;
    let other = tempfile::tempdir().expect("a folder");
    std::fs::copy(folder.path().join("care.db"), other.path().join("care.db")).expect("copied");
    let database = Database::new();
    let owner = database.url("owner").await;
    let first = LogCopier::open(folder.path(), &owner, NAME).await.expect("it can be copied");
    let refused = why(copy(other.path(), &owner).await);
    assert!(refused.contains("another copy into this database is under way"), "{refused}");
    first.run(|_| ()).await.expect("it is copied");
}
