//! A log that loses its end while an engine holds states of it: a standby takes over without the last transactions, or
//! a backup is restored under running processes. Later commands are decided on the events that the log holds.

mod common;

use command_engine::{Engine, EngineOptions};
use common::{Harness, catalogue, counted, new_key, number};
use event_core::LogName;
use event_log::{Log, LogOptions};
use local::postgres::Database;
use serde_json::json;

async fn house_in(database: &Database) -> Harness {
    let url = database.url("server").await;
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await.expect("it opens");
    let engine = Engine::start(log.clone(), catalogue(), EngineOptions::default());
    Harness { folder: tempfile::tempdir().expect("a folder"), log, engine }
}

/// The last event is lost, and another process has filled its place: revisions and positions fit as before.
fn another_history(database: &Database, number: u32) {
    let other =
        format!("id = gen_random_uuid(), data = convert_to('{{\"desk\":\"desk\",\"number\":{number}}}', 'UTF8')");
    database.run(&format!("UPDATE care.event SET {other} WHERE position = (SELECT max(position) FROM care.event)"));
    database.disconnect_servers();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_after_a_lost_tail_is_decided_on_what_the_log_holds() {
    let database = Database::new();
    let harness = house_in(&database).await;
    for _ in 0..3 {
        harness.take("desk", 99).await.expect("a number");
    }
    another_history(&database, 50);
    let answer = harness.take("desk", 99).await.expect("a number");
    assert_eq!((answer.events[0].revision, harness.numbers("desk").await), (4, vec![1, 2, 50, 51]));
}

/// The events were written by another process; this one has only read them.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_only_read_is_not_believed_after_a_lost_tail_either() {
    let database = Database::new();
    let (harness, other) = (house_in(&database).await, house_in(&database).await);
    harness.take("own", 99).await.expect("a number");
    other.take("desk", 99).await.expect("a number");
    // Nothing new: but the state is read, and held.
    harness.take("desk", 0).await.expect("nothing new");
    another_history(&database, 50);
    let unless_given = json!({"desk": "desk", "most": 99, "unlessGiven": 1});
    let answer = harness.take_as(&new_key(), unless_given).await.expect("the number is another one by now");
    assert_eq!((answer.events.len(), harness.numbers("desk").await), (1, vec![50, 51]));
}

/// The lost positions are not filled: the end itself goes back, and no connection is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_became_shorter_is_noticed_and_its_end_goes_back() {
    let database = Database::new();
    let harness = house_in(&database).await;
    for _ in 0..3 {
        harness.take("desk", 99).await.expect("a number");
    }
    let (history, mut end) = (harness.log.history(), harness.log.watch());
    database.run("DELETE FROM care.event WHERE position > 1");
    let gone_back = end.wait_for(|end| *end == 1);
    tokio::time::timeout(std::time::Duration::from_secs(20), gone_back).await.expect("in time").expect("a log");
    assert!(harness.log.history() > history);
    harness.take("desk", 99).await.expect("a number");
    assert_eq!(harness.numbers("desk").await, counted(2));
    let stale = harness.log.submit_read_in(history, number("desk", 2, 3)).expect("submitted").outcome.await;
    assert_eq!(stale, Err(event_log::Refused::DependencyFailed), "though its revision fits");
}
