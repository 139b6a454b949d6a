//! A follower on a real log, with a subscriber that fails in every way.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use event_core::{LogName, StreamName};
use event_follow::{Checkpoint, Follower, Handled, Stop, Subscriber, SubscriberFault, Superseded, Troubles};
use event_log::{Append, Condition, EventPage, Expected, Granted, Log, LogOptions, NewEvent, Provenance};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const DEADLINE: Duration = Duration::from_secs(60);
const BATCH_MAX: usize = 3;

async fn log_of(events: u64) -> (Log, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let url = format!("sqlite:{}", folder.path().display());
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("opens");
    append(&log, events).await;
    (log, folder)
}

async fn append(log: &Log, events: u64) {
    for _ in 0..events {
        let stream = StreamName::of("copy", Uuid::now_v7().simple());
        let granted = log.append(Append {
            conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(0) }],
            events: vec![NewEvent {
                stream,
                id: Uuid::now_v7(),
                kind: "loan.copy-returned.v1",
                data: br#"{}"#.to_vec().into(),
            }],
            provenance: Provenance::by("{}"),
            idempotency: None,
            depends_on: Vec::new(),
            may_use_reserve: false,
        });
        assert!(matches!(granted.await, Ok(Granted::Stored(_))));
    }
}

/// Records the positions that it has handled. Each fault is the answer to the batch that contains its position.
struct Positions {
    kept: Mutex<Kept>,
    stop: CancellationToken,
    until: u64,
}

struct Kept {
    handled: Vec<u64>,
    checkpoint: Checkpoint,
    faults: Vec<(u64, SubscriberFault)>,
    stopped: Option<Stop>,
    largest: usize,
}

impl Positions {
    /// Stops the follower after it has handled position `until`.
    fn until(until: u64, faults: Vec<(u64, SubscriberFault)>) -> Positions {
        let kept = Kept { handled: vec![], checkpoint: Checkpoint::START, faults, stopped: None, largest: 0 };
        Positions { kept: Mutex::new(kept), stop: CancellationToken::new(), until }
    }

    async fn follow(&self, log: &Log) -> (Result<(), Superseded>, Troubles) {
        let troubles = Troubles::default();
        let follower = Follower { log, feeds: log, subscriber: self, troubles: &troubles };
        let ended = tokio::time::timeout(DEADLINE, follower.follow(&self.stop)).await.expect("in time");
        (ended, troubles)
    }

    fn handled(&self) -> Vec<u64> {
        self.kept.lock().expect("kept").handled.clone()
    }
}

#[async_trait]
impl Subscriber for Positions {
    fn name(&self) -> &str {
        "positions"
    }

    fn passed_over(&self) -> Vec<&'static str> {
        vec![]
    }

    async fn checkpoint(&self) -> Checkpoint {
        self.kept.lock().expect("kept").checkpoint
    }

    async fn handle(&self, mut page: EventPage) -> Result<Handled, SubscriberFault> {
        let mut kept = self.kept.lock().expect("kept");
        if page.after != kept.checkpoint.position {
            return Err(SubscriberFault::Moved);
        }
        let rest = page.events.split_off(page.events.len().min(BATCH_MAX));
        let falls_in = |at: u64| page.events.iter().any(|event| event.position == at);
        if let Some(place) = kept.faults.iter().position(|(at, _)| falls_in(*at)) {
            return Err(kept.faults.remove(place).1);
        }
        kept.largest = kept.largest.max(page.events.len());
        kept.handled.extend(page.events.iter().map(|event| event.position));
        kept.checkpoint = Checkpoint::at(page.events.last().expect("not empty"));
        if kept.checkpoint.position == self.until {
            self.stop.cancel();
        }
        Ok(Handled { checkpoint: kept.checkpoint, rest: EventPage { after: kept.checkpoint.position, events: rest } })
    }

    fn stopped(&self) -> Option<Stop> {
        self.kept.lock().expect("kept").stopped.clone()
    }

    async fn stop(&self, stop: Stop) {
        self.kept.lock().expect("kept").stopped = Some(stop);
        self.stop.cancel();
    }
}

#[tokio::test]
async fn every_event_is_handled_once_in_order_and_in_batches() {
    let (log, _folder) = log_of(10).await;
    let positions = Positions::until(12, vec![]);
    let (ended, ()) = tokio::join!(positions.follow(&log), append(&log, 2));
    ended.0.expect("it was stopped");
    assert_eq!(positions.handled(), (1..=12).collect::<Vec<_>>());
    assert_eq!(positions.kept.lock().expect("kept").largest, BATCH_MAX);
}

#[tokio::test]
async fn a_passing_fault_is_tried_again_and_is_no_trouble_afterwards() {
    let (log, _folder) = log_of(5).await;
    let positions = Positions::until(5, vec![(4, SubscriberFault::Passing("the disk is full".into()))]);
    let (ended, troubles) = positions.follow(&log).await;
    ended.expect("it was stopped");
    assert_eq!((positions.handled(), troubles.now()), ((1..=5).collect(), None));
}

#[tokio::test]
async fn what_lies_before_an_event_that_cannot_be_handled_is_handled() {
    let (log, _folder) = log_of(6).await;
    // The event is in the second batch, which has 4, 5 and 6.
    let stop = Stop { position: 6, why: "it panicked".into() };
    let positions = Positions::until(7, vec![(6, SubscriberFault::Stop(stop.clone()))]);
    positions.follow(&log).await.0.expect("it was stopped");
    assert_eq!((positions.handled(), positions.stopped()), ((1..=5).collect(), Some(stop)));
    // It stays stopped when it is followed again.
    let (again, ()) = tokio::join!(positions.follow(&log), append(&log, 1));
    again.0.expect("it was stopped");
    assert_eq!(positions.handled().len(), 5);
}

#[tokio::test]
async fn where_the_checkpoint_was_moved_it_goes_on_from_there() {
    let (log, _folder) = log_of(6).await;
    let positions = Positions::until(6, vec![(4, SubscriberFault::Moved)]);
    positions.follow(&log).await.0.expect("it was stopped");
    assert_eq!(positions.handled(), (1..=6).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_follower_whose_work_another_owner_has_ends() {
    let (log, _folder) = log_of(6).await;
    let positions = Positions::until(6, vec![(4, SubscriberFault::Superseded)]);
    assert_eq!(positions.follow(&log).await.0, Err(Superseded));
    assert_eq!(positions.handled(), [1, 2, 3]);
}

#[tokio::test]
async fn an_event_that_is_damaged_stops_it_behind_the_one_before() {
    let (log, folder) = log_of(6).await;
    log.close().await;
    let file = SqliteConnectOptions::new().filename(folder.path().join("care.db"));
    let mut connection = file.connect().await.expect("opens");
    sqlx::raw_sql("DELETE FROM event WHERE position = 3").execute(&mut connection).await.expect("runs");
    connection.close().await.expect("closes");
    let url = format!("sqlite:{}", folder.path().display());
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("opens");
    let positions = Positions::until(6, vec![]);
    positions.follow(&log).await.0.expect("it was stopped");
    assert_eq!(positions.handled(), [1, 2]);
    assert_eq!(positions.stopped().map(|stop| stop.position), Some(3));
}
