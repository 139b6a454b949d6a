//! The positions of a log: 1, 2, 3 … without gaps, in commit order. Times never go back.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicI64, Ordering},
};

use event_core::Timestamp;

use super::{
    StoreWorld,
    speech::{Say, all, are_stored, batch, request, stored, stream},
};
use crate::LogOptions;

pub async fn positions_are_gapless_over_many_clients(world: StoreWorld) {
    let log = world.open().await;
    let clients = (0..32).map(|client| {
        let log = log.clone();
        tokio::spawn(async move {
            for revision in 0..20 {
                // This request is always refused: the stream is empty.
                let off = u64::from(revision % 3 == 2);
                let _ = log.append(request().on("hot", 1_000 + off).event("hot")).await;
                stored(&log, request().on(client, revision).event(client)).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("no client fails");
    }
    let positions: Vec<u64> = all(&log).await.into_iter().map(|(position, ..)| position).collect();
    assert_eq!(positions, (1..=640).collect::<Vec<u64>>());
}

/// The trap: with a sequence taken before the commit, a later position can be seen first.
pub async fn a_reader_that_saw_a_position_never_later_sees_a_new_event_at_or_below_it(world: StoreWorld) {
    let log = world.open().await;
    let reading = tokio::spawn({
        let log = log.clone();
        async move {
            let mut seen = Vec::new();
            while seen.len() < 400 {
                let page = log.read(0, 1_000).await.expect("readable");
                let now: Vec<_> = page.into_iter().map(|event| event.id).collect();
                assert!(now.starts_with(&seen), "what was seen stays as it was");
                seen = now;
            }
        }
    });
    let clients = (0..8).map(|client| {
        let log = log.clone();
        tokio::spawn(async move {
            for revision in 0..50 {
                stored(&log, request().on(client, revision).event(client)).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("no client fails");
    }
    reading.await.expect("the reader sees one history");
}

pub async fn events_of_one_request_on_several_streams_have_consecutive_positions(world: StoreWorld) {
    let log = world.open().await;
    let both = |revision| request().on("a", revision).on("b", revision).event("a").event("b");
    let outcomes = batch(&log, [both(0), both(1), both(2)]).await;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let stored = are_stored(outcome);
        let places: Vec<_> = stored.iter().map(|event| (event.position, &event.stream, event.revision)).collect();
        let number = number as u64;
        let (a, b) = (stream("a"), stream("b"));
        assert_eq!(places, [(2 * number + 1, &a, number + 1), (2 * number + 2, &b, number + 1)]);
    }
}

pub async fn revisions_of_a_stream_are_contiguous(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a").event("a")).await;
    stored(&log, request().on("b", 0).event("b")).await;
    stored(&log, request().on("a", 2).on("b", 1).event("a").event("b").event("a")).await;
    let mut revisions: HashMap<String, Vec<u64>> = HashMap::new();
    for (_, stream, revision) in all(&log).await {
        revisions.entry(stream).or_default().push(revision);
    }
    assert_eq!(revisions, HashMap::from([("session-a".into(), vec![1, 2, 3, 4]), ("session-b".into(), vec![1, 2])]));
}

/// A clock that goes back by a second at each call.
fn backwards() -> Timestamp {
    static NOW: AtomicI64 = AtomicI64::new(1_800_000_000_000_000);
    Timestamp::from_micros(NOW.fetch_sub(1_000_000, Ordering::Relaxed))
}

/// The trap: ordering by clocks.
pub async fn recorded_at_never_goes_back_when_the_clock_does(world: StoreWorld) {
    let log = world.open_with(LogOptions { clock: backwards, ..LogOptions::default() }).await;
    for revision in 0..5 {
        stored(&log, request().on("a", revision).event("a")).await;
    }
    let times: Vec<_> = log.read(0, 10).await.expect("readable").into_iter().map(|event| event.recorded_at).collect();
    assert_eq!(times.len(), 5);
    assert!(times.is_sorted(), "{times:?}");
}

pub async fn recorded_at_never_goes_back_over_a_restart(world: StoreWorld) {
    let late = Timestamp::from_micros(4_000_000_000_000_000);
    let clock = || Timestamp::from_micros(4_000_000_000_000_000);
    let log = world.open_with(LogOptions { clock, ..LogOptions::default() }).await;
    stored(&log, request().on("a", 0).event("a")).await;
    let log = world.reopen(log).await;
    stored(&log, request().on("a", 1).event("a")).await;
    let events = log.read(1, 1).await.expect("readable");
    assert_eq!(events.first().map(|event| event.recorded_at), Some(late));
}

pub async fn the_end_is_the_last_position(world: StoreWorld) {
    let log = world.open().await;
    assert_eq!(log.end(), 0);
    stored(&log, request().on("a", 0).event("a").event("a")).await;
    assert_eq!(log.end(), 2);
    let log = world.reopen(log).await;
    assert_eq!(log.end(), 2);
}
