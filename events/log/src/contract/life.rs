//! Opening and closing a log, cancelled requests, and the log's identity.

use event_core::LogName;
use uuid::Uuid;

use super::{
    StoreWorld,
    speech::{Say, all, are_stored, request, stored},
};
use crate::{LogOptions, Refused};

pub async fn closing_stores_what_was_submitted_and_refuses_the_rest(world: StoreWorld) {
    let log = world.open().await;
    let submitted: Vec<_> = (0..50).map(|n| log.submit(request().on(n, 0).event(n)).expect("submitted")).collect();
    assert!(futures::FutureExt::now_or_never(log.ended()).is_none(), "its tasks live");
    log.close().await;
    log.ended().await;
    for submission in submitted {
        are_stored(submission.outcome.await);
    }
    let late = log.append(request().on("late", 0).event("late")).await;
    assert!(matches!(late, Err(Refused::Unavailable(_))), "{late:?}");
    let log = world.open().await;
    assert_eq!(log.end(), 50);
}

/// The trap: a request that is cancelled inside a transaction.
pub async fn a_request_that_nobody_waits_for_is_stored_and_poisons_nothing(world: StoreWorld) {
    let log = world.open().await;
    for n in 0..50 {
        let asked = log.append(request().on(n, 0).event(n));
        // Cancelled after one turn of the runtime: queued, in a batch, or answered.
        tokio::select! {
            biased;
            _ = asked => {}
            () = tokio::task::yield_now() => {}
        }
        let read = log.read(0, 10);
        tokio::select! {
            biased;
            _ = read => {}
            () = tokio::task::yield_now() => {}
        }
    }
    stored(&log, request().on("last", 0).event("last")).await;
    assert_eq!(all(&log).await.len(), 51);
}

/// The trap: success is answered, but nothing is stored.
pub async fn what_was_answered_is_there_after_a_restart(world: StoreWorld) {
    let mut log = world.open().await;
    for restart in 0..3 {
        let answered = stored(&log, request().on("a", restart).on(restart, 0).event("a").event(restart)).await;
        log = world.reopen(log).await;
        let read = log.read(2 * restart, 10).await.expect("readable");
        let ids: Vec<Uuid> = read.iter().map(|event| event.id).collect();
        assert_eq!(ids, answered.iter().map(|event| event.id).collect::<Vec<_>>());
    }
}

pub async fn lineage_and_secret_survive_a_restart(world: StoreWorld) {
    let log = world.open().await;
    let (lineage, hash) = (log.lineage(), log.keyed_hash(&[b"a"]));
    assert_ne!(lineage, Uuid::nil());
    let log = world.reopen(log).await;
    assert_eq!((log.lineage(), log.keyed_hash(&[b"a"])), (lineage, hash));
}

pub async fn another_lineage_than_expected_is_refused(world: StoreWorld) {
    let log = world.open().await;
    let lineage = log.lineage();
    log.close().await;
    let expecting = |lineage| LogOptions { lineage: Some(lineage), ..LogOptions::default() };
    let other = world.place.open(world.name, expecting(Uuid::from_u128(1))).await;
    let refused = other.err().expect("another history is refused").to_string();
    assert!(refused.contains(&lineage.to_string()), "{refused}");
    world.open_with(expecting(lineage)).await;
}

pub async fn a_keyed_hash_tells_its_parts_and_logs_apart(world: StoreWorld) {
    let log = world.open().await;
    assert_eq!(log.keyed_hash(&[b"ab", b"c"]), log.keyed_hash(&[b"ab", b"c"]));
    assert_ne!(log.keyed_hash(&[b"ab", b"c"]), log.keyed_hash(&[b"a", b"bc"]));
    assert_ne!(log.keyed_hash(&[b"ab"]), log.keyed_hash(&[b"ab", b""]));
    let other = world.place.open(other(world.name), LogOptions::default()).await.expect("opens");
    assert_ne!(log.keyed_hash(&[b"ab"]), other.keyed_hash(&[b"ab"]));
}

pub async fn both_logs_are_apart(world: StoreWorld) {
    let log = world.open().await;
    let other = world.place.open(other(world.name), LogOptions::default()).await.expect("opens");
    assert_ne!(log.lineage(), other.lineage());
    stored(&log, request().on("a", 0).event("a").key(1, 1)).await;
    assert_eq!((log.end(), other.end()), (1, 0));
    stored(&other, request().on("a", 0).event("a").key(1, 2)).await;
    assert_eq!(other.read(0, 10).await.expect("readable").first().map(|event| event.log), Some(other.name()));
}

fn other(name: LogName) -> LogName {
    match name {
        LogName::Care => LogName::Access,
        LogName::Access => LogName::Care,
    }
}
