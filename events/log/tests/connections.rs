//! Connections that are lost at the worst moment. A relay between a node and a real PostgreSQL forwards requests, and
//! cuts the connection before a request or before its answer.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use event_core::{LogName, StreamName};
use event_log::{Append, Condition, Expected, Granted, Log, LogOptions, NewEvent, Provenance, Refused, postgres};
use local::{
    postgres::{Database, PostgresServer, SERVER},
    silence::Silence,
};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::watch,
};
use uuid::Uuid;

/// PostgreSQL's name for the socket of its usual port.
const SOCKET: &str = ".s.PGSQL.5432";

const NEVER: u32 = 0;
const BEFORE_THE_REQUEST: u32 = 1;
/// The request is executed, but its answer is lost.
const BEFORE_THE_ANSWER: u32 = 2;

struct Relay {
    folder: TempDir,
    /// The fault for the next request on any connection.
    cut: Arc<AtomicU32>,
    /// The number of times that all connections were cut.
    cuts: watch::Sender<u32>,
}

impl Relay {
    fn start() -> Relay {
        let folder = TempDir::new().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let cut = Arc::new(AtomicU32::new(NEVER));
        let (cuts, _) = watch::channel(0);
        tokio::spawn({
            let (cut, cuts) = (Arc::clone(&cut), cuts.clone());
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let mut cut_by_all = cuts.subscribe();
                    let relayed = relay(client, SERVER.socket(), Arc::clone(&cut));
                    tokio::spawn(async move {
                        tokio::select! {
                            _ = cut_by_all.changed() => {}
                            () = relayed => {}
                        }
                    });
                }
            }
        });
        Relay { folder, cut, cuts }
    }

    /// Cuts every connection, as a failover does.
    fn cut_all(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn relay(mut client: UnixStream, server: PathBuf, cut: Arc<AtomicU32>) {
    let mut server = UnixStream::connect(server).await.expect("PostgreSQL is there");
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            length = client.read(&mut asked) => {
                let Ok(length @ 1..) = length else { return };
                let how = cut.swap(NEVER, Ordering::SeqCst);
                if how == BEFORE_THE_REQUEST {
                    return;
                }
                if server.write_all(&asked[..length]).await.is_err() {
                    return;
                }
                if how == BEFORE_THE_ANSWER {
                    // Waits until the server has answered: then the request was executed.
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            length = server.read(&mut answered) => {
                let Ok(length @ 1..) = length else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn append(stream: &StreamName, revision: u64) -> Append {
    Append {
        conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(revision) }],
        events: vec![NewEvent {
            stream: stream.clone(),
            id: Uuid::now_v7(),
            kind: "appointment.slot-taken.v1",
            data: "{}".into(),
        }],
        provenance: Provenance::by(r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null}"#),
        idempotency: None,
        depends_on: Vec::new(),
        may_use_reserve: false,
    }
}

/// The trap: success is answered but nothing is stored, or the opposite, at any moment of a commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_lost_at_any_moment_of_a_commit_changes_no_answer() {
    let database = Database::new();
    let straight = database.url("server").await;
    let relay = Relay::start();
    let url = straight.replace(&SERVER.folder, &relay.folder.path().display().to_string());
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
    let stream = StreamName::of("session", "a");
    for round in 0..200 {
        let cut = [BEFORE_THE_REQUEST, BEFORE_THE_ANSWER, NEVER][round as usize % 3];
        relay.cut.store(cut, Ordering::SeqCst);
        let asked = append(&stream, round);
        let id = asked.events[0].id;
        let outcome = log.append(asked).await;
        let Ok(Granted::Stored(stored)) = outcome else { panic!("round {round}, cut {cut}: {outcome:?}") };
        assert_eq!((stored[0].id, stored[0].revision, stored[0].position), (id, round + 1, round + 1));
    }
    log.close().await;
    let log = Log::open(&straight, LogName::Care, LogOptions::default()).await.expect("it opens");
    assert_eq!(log.end(), 200, "nothing is lost, and nothing is there twice");
}

/// Simulates a standby that took over without the last commits: only the first events remain.
async fn lose_all_but(database: &Database, events: i64) {
    let mut owner = PgConnection::connect(&database.url("owner").await).await.expect("it connects");
    let lost = sqlx::query("DELETE FROM care.event WHERE position > $1").bind(events);
    assert!(lost.execute(&mut owner).await.expect("its owner may").rows_affected() > 0);
}

/// The trap: a gap in the revisions of a stream, because the head in a node's cache has been lost since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_database_has_lost_leaves_no_gap_before_what_comes_next() {
    let database = Database::new();
    let log = Log::open(&database.url("server").await, LogName::Care, LogOptions::default()).await.expect("it opens");
    let stream = StreamName::of("session", "a");
    for revision in 0..3 {
        log.append(append(&stream, revision)).await.expect("it is stored");
    }
    lose_all_but(&database, 1).await;
    let outcome = log.append(append(&stream, 3)).await;
    assert_eq!(outcome, Err(Refused::Conflict { stream: stream.clone(), expected: 3, actual: 1 }));
    assert!(matches!(log.append(append(&stream, 1)).await, Ok(Granted::Stored(_))));
}

/// The same when another node has filled the positions again: the lost connection is the only sign.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_trusts_nothing_that_it_saw_behind_a_connection_that_was_lost() {
    let database = Database::new();
    let straight = database.url("server").await;
    let relay = Relay::start();
    let url = straight.replace(&SERVER.folder, &relay.folder.path().display().to_string());
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
    let [kept, lost, filling] = ["kept", "lost", "filling"].map(|name| StreamName::of("session", name));
    log.append(append(&kept, 0)).await.expect("it is stored");
    for revision in 0..2 {
        log.append(append(&lost, revision)).await.expect("it is stored");
    }
    lose_all_but(&database, 2).await;
    let other = Log::open(&straight, LogName::Care, LogOptions::default()).await.expect("it opens");
    for revision in 0..3 {
        other.append(append(&filling, revision)).await.expect("it is stored");
    }
    relay.cut_all();
    assert!(matches!(log.append(append(&kept, 1)).await, Ok(Granted::Stored(_))));
    let outcome = log.append(append(&lost, 2)).await;
    assert_eq!(outcome, Err(Refused::Conflict { stream: lost.clone(), expected: 2, actual: 1 }));
}

/// The trap: a gap, because a reader's new connection finds the loss while the writer's connection continues.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loss_that_a_readers_connection_finds_is_one_for_the_writer_too() {
    const READERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'server' AND query NOT LIKE '%FROM append(%'";
    let database = Database::new();
    let url = database.url("server").await;
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
    let [kept, lost, filling] = ["kept", "lost", "filling"].map(|name| StreamName::of("session", name));
    log.append(append(&kept, 0)).await.expect("it is stored");
    for revision in 0..2 {
        log.append(append(&lost, revision)).await.expect("it is stored");
    }
    let history = log.history();
    lose_all_but(&database, 2).await;
    let other = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
    for revision in 0..3 {
        other.append(append(&filling, revision)).await.expect("it is stored");
    }
    database.run(READERS);
    let deadline = Instant::now() + WELL_AGAIN_MAX;
    while log.history() == history {
        assert!(Instant::now() < deadline, "no new connection finds the loss");
        // An answer or an error: a connection that was terminated is replaced.
        let _ = log.end_now().await;
    }
    let outcome = log.append(append(&lost, 2)).await;
    assert_eq!(outcome, Err(Refused::Conflict { stream: lost.clone(), expected: 2, actual: 1 }));
}

/// Requests that are cancelled at any point leave no broken connection behind (sqlx #4393).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_given_up_poison_no_connection() {
    let database = Database::new();
    let log = Log::open(&database.url("server").await, LogName::Care, LogOptions::default()).await.expect("it opens");
    for round in 0..500 {
        let asking = tokio::spawn({
            let log = log.clone();
            async move { log.append(append(&StreamName::of("session", round), 0)).await }
        });
        let reading = tokio::spawn({
            let log = log.clone();
            async move { log.read(0, 100).await }
        });
        for _ in 0..round % 7 {
            tokio::task::yield_now().await;
        }
        asking.abort();
        reading.abort();
        if round % 50 == 0 {
            let own = StreamName::of("session", format_args!("own{round}"));
            assert!(matches!(log.append(append(&own, 0)).await, Ok(Granted::Stored(_))));
            log.read(0, 10).await.expect("readable");
        }
    }
}

/// The server is killed repeatedly while eight clients append: every acknowledged event is there, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_under_load_loses_nothing_that_was_acknowledged() {
    const KILLS: usize = 4;
    /// More than the appends in flight when the server is killed: the server has to be back for them.
    const BETWEEN_KILLS: u64 = 200;
    let server = PostgresServer::start();
    let url = server.url("owner", "postgres");
    postgres::migrate(&url, LogName::Care, None).await.expect("it is migrated");
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
    let (progress, mut seen) = watch::channel(0_u64);
    let enough = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let (log, progress, enough) = (log.clone(), progress.clone(), Arc::clone(&enough));
            tokio::spawn(async move {
                let stream = StreamName::of("session", format_args!("client{client}"));
                let mut stored = Vec::new();
                while !enough.load(Ordering::SeqCst) {
                    let asked = append(&stream, stored.len() as u64);
                    let id = asked.events[0].id;
                    match log.append(asked).await {
                        Ok(Granted::Stored(_)) => stored.push(id),
                        // The server was away for longer than the log waits.
                        Err(Refused::Unavailable(why)) => panic!("{why}"),
                        other => panic!("{other:?}"),
                    }
                    progress.send_modify(|count| *count += 1);
                }
                (stream, stored)
            })
        })
        .collect();
    // Without this one, a wait ends when no client is left.
    drop(progress);
    for kill in 0..=KILLS {
        let before = *seen.borrow();
        seen.wait_for(|count| *count >= before + BETWEEN_KILLS).await.expect("the clients go on");
        if kill < KILLS {
            server.kill();
        }
    }
    enough.store(true, Ordering::SeqCst);
    let mut all = 0;
    for client in clients {
        let (stream, stored) = client.await.expect("it was answered");
        let read = log.read_stream(&stream, 1, 5_000).await.expect("readable");
        assert_eq!(read.into_iter().map(|event| event.id).collect::<Vec<_>>(), stored, "{stream}");
        all += stored.len() as u64;
    }
    log.close().await;
    assert_eq!(Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens").end(), all);
}

/// Longer than the time limits of a call and of sending a batch again.
const SILENT_ANSWER_MAX: Duration = Duration::from_secs(45);
/// The time within which a log recovers after a silence.
const WELL_AGAIN_MAX: Duration = Duration::from_secs(30);

/// An append, a read and a lease request meet a connection that has gone silent. Each gets an answer within its limit,
/// the stored event is there once, and the log recovers by itself when the database answers again.
async fn meets_silence(silence: Silence) {
    let database = Database::new();
    let (url, proxy) = database.behind_proxy("server").await;
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
    let stream = StreamName::of("session", "a");
    log.append(append(&stream, 0)).await.expect("it is stored");
    assert!(log.leases().hold("relay", "one", None, Duration::from_secs(5)).await.expect("it answers").is_some());

    proxy.fall_silent(silence);
    let (leases, stored) = (log.leases(), append(&stream, 1));
    let all = futures::future::join4(
        log.append(stored.clone()),
        log.read(0, 10),
        log.end_now(),
        leases.hold("relay", "one", None, Duration::from_secs(5)),
    );
    let (appended, read, end, lease) =
        tokio::time::timeout(SILENT_ANSWER_MAX, all).await.expect("everything is answered within its limit");
    assert!(matches!(appended, Err(Refused::Unavailable(_))), "{silence:?}: {appended:?}");
    assert!(read.is_err() && end.is_err() && lease.is_err(), "{silence:?}: nothing can be known");

    proxy.speak();
    let deadline = Instant::now() + WELL_AGAIN_MAX;
    // The same append again: it is stored now, or was stored before.
    let mut outcome = log.append(stored.clone()).await;
    while matches!(outcome, Err(Refused::Unavailable(_))) {
        assert!(Instant::now() < deadline, "{silence:?}: it stays silent: {outcome:?}");
        outcome = log.append(stored.clone()).await;
    }
    let Ok(Granted::Stored(events) | Granted::Repeated(events)) = outcome else { panic!("{silence:?}: {outcome:?}") };
    assert_eq!((events[0].id, events[0].revision), (stored.events[0].id, 2));
    assert_eq!(log.read(0, 10).await.expect("it is read").len(), 2, "{silence:?}: once");
    log.close().await;
}

/// The trap: a connection that breaks is noticed, but one that goes silent is waited for without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_silent_is_given_up_within_the_limits_and_the_log_is_well_again_by_itself() {
    futures::future::join_all(Silence::ALL.map(meets_silence)).await;
}
