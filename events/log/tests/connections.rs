//! Connections that are lost at the worst moment. Between a node and a real PostgreSQL stands a relay that forwards a
//! request and cuts the connection before the answer, or before the request.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use event_log::{Append, Condition, Expected, Granted, Log, LogOptions, NewEvent, Provenance, Refused, postgres};
use local::postgres::{Database, SERVER, Server};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};
use uuid::Uuid;
use vocabulary::{LogName, StreamName};

/// PostgreSQL's name for the socket of its usual port.
const SOCKET: &str = ".s.PGSQL.5432";

const NEVER: u32 = 0;
const BEFORE_THE_REQUEST: u32 = 1;
/// It is done, and nobody is told.
const BEFORE_THE_ANSWER: u32 = 2;

struct Relay {
    folder: TempDir,
    /// What happens to the next request of whichever connection.
    cut: Arc<AtomicU32>,
}

impl Relay {
    fn start() -> Relay {
        let folder = TempDir::new().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let cut = Arc::new(AtomicU32::new(NEVER));
        tokio::spawn({
            let cut = Arc::clone(&cut);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(relay(client, PathBuf::from(&SERVER.folder).join(SOCKET), Arc::clone(&cut)));
                }
            }
        });
        Relay { folder, cut }
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
                    // Until the server has answered; then it is done.
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
        provenance: Provenance {
            actor: r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null}"#.into(),
            acting_for: None,
            subject: None,
            correlation: None,
            causation: None,
            trace: None,
        },
        idempotency: None,
        rests_on: Vec::new(),
    }
}

/// The trap: success answered but nothing stored, and its opposite, at every moment of a commit.
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

/// Requests that are given up in the middle of whatever they wait for poison nothing (sqlx #4393).
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

/// The server is killed again and again while eight clients append: what was acknowledged is there, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_under_load_loses_nothing_that_was_acknowledged() {
    const KILLS: u64 = 5;
    const BETWEEN_KILLS: u64 = 200;
    let server = Server::start();
    let url = server.url("owner", "postgres");
    postgres::migrate(&url, LogName::Care, None).await.expect("it is migrated");
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
    let (progress, mut seen) = tokio::sync::watch::channel(0_u64);
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let (log, progress) = (log.clone(), progress.clone());
            tokio::spawn(async move {
                let stream = StreamName::of("session", format_args!("client{client}"));
                let mut stored = Vec::new();
                while *progress.borrow() < KILLS * BETWEEN_KILLS {
                    let asked = append(&stream, stored.len() as u64);
                    let id = asked.events[0].id;
                    match log.append(asked).await {
                        Ok(Granted::Stored(_)) => stored.push(id),
                        // It was away for longer than the log waits.
                        Err(Refused::Unavailable(why)) => panic!("{why}"),
                        other => panic!("{other:?}"),
                    }
                    progress.send_modify(|count| *count += 1);
                }
                (stream, stored)
            })
        })
        .collect();
    for kill in 1..KILLS {
        seen.wait_for(|count| *count >= kill * BETWEEN_KILLS).await.expect("the clients go on");
        server.kill();
    }
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
