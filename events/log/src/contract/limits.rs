//! Everything has a limit, and a request beyond it is refused before anything is written.

use event_core::{LogName, StreamName};

use super::{
    StoreWorld,
    speech::{Say, are_stored, batch, request, stored, stream},
};
use crate::{Append, Condition, Expected, Log, LogOptions, Refused, port::limits};

fn many(events: usize, revision: u64) -> Append {
    (0..events).fold(request().on("a", revision), |request, _| request.event("a"))
}

fn giving_up(request: Append) -> Append {
    Append { may_use_reserve: true, ..request }
}

async fn filled(log: &Log, events: u64) {
    let size = limits::EVENTS_MAX as u64;
    for revision in (0..events).step_by(limits::EVENTS_MAX) {
        stored(log, giving_up(many(usize::try_from((events - revision).min(size)).expect("small"), revision))).await;
    }
}

pub async fn a_stream_of_care_is_full_at_10_000_events_and_one_of_access_never(world: StoreWorld) {
    let log = world.open().await;
    let max = limits::STREAM_EVENTS_MAX;
    filled(&log, max - 1).await;
    // Two more events do not fit, and neither is stored; one fits; then the stream is full.
    let outcomes = batch(&log, [many(2, max - 1), many(1, max - 1), many(1, max)].map(giving_up)).await;
    let [two, one, beyond] = <[_; 3]>::try_from(outcomes).expect("three outcomes");
    let full = Err(Refused::StreamFull { stream: stream("a") });
    match world.name {
        LogName::Care => {
            assert_eq!(two, full);
            are_stored(one);
            assert_eq!(beyond, full);
            let whole = log.read_streams(&[stream("a")]).await.expect("readable").remove(0);
            assert_eq!(whole.len() as u64, max);
        }
        LogName::Access => {
            are_stored(two);
            assert!(log.read_streams(&[stream("a")]).await.is_err(), "it is not cut silently");
        }
    }
}

pub async fn the_last_500_events_of_a_stream_of_care_are_for_giving_up(world: StoreWorld) {
    let log = world.open().await;
    let most = limits::STREAM_EVENTS_MAX - limits::STREAM_EVENTS_RESERVE;
    filled(&log, most - 1).await;
    let outcomes = batch(&log, [many(2, most - 1), many(1, most - 1), many(1, most), giving_up(many(1, most))]).await;
    let [two, one, beyond, withdrawal] = <[_; 4]>::try_from(outcomes).expect("four outcomes");
    let full = Err(Refused::StreamFull { stream: stream("a") });
    match world.name {
        LogName::Care => {
            assert_eq!((two, &beyond), (full.clone(), &full));
            are_stored(one);
            are_stored(withdrawal);
        }
        LogName::Access => drop(are_stored(two)),
    }
    // A full stream can still be read, and decisions that only read it can still be stored.
    if world.name == LogName::Care {
        stored(&log, request().on("a", most + 1).on("b", 0).event("b")).await;
    }
}

pub async fn what_is_beyond_a_limit_is_invalid_and_stores_nothing(world: StoreWorld) {
    let log = world.open().await;
    let long_name = StreamName::of("session", "a".repeat(200));
    let mut odd_name = request();
    odd_name.conditions.push(Condition { stream: long_name.clone(), expected: Expected::Revision(0) });
    let mut same_id = many(2, 0);
    same_id.events[1].id = same_id.events[0].id;
    let mut no_kind = many(1, 0);
    no_kind.events[0].kind = "";
    let mut long_trace = many(1, 0);
    long_trace.provenance.trace = Some("0".repeat(5_000).into());
    let beyond = [
        many(limits::EVENTS_MAX + 1, 0),
        (0..=limits::CONDITIONS_MAX).fold(request(), |request, n| request.on(n, 0)),
        request().on("a", 0).data("a", &vec![b'x'; limits::DATA_BYTES_MAX + 1]),
        odd_name,
        same_id,
        no_kind,
        long_trace,
    ];
    for (number, request) in beyond.into_iter().enumerate() {
        let answer = log.append(request).await;
        assert!(matches!(answer, Err(Refused::Invalid(_))), "number {number}: {answer:?}");
    }
    assert_eq!(log.end(), 0);
    stored(&log, many(1, 0)).await;
}

pub async fn an_event_needs_one_condition_on_its_stream(world: StoreWorld) {
    let log = world.open().await;
    let none = request().on("a", 0).event("b");
    let two = request().on("a", 0).on("a", 0).event("a");
    for request in [none, two] {
        assert!(matches!(log.append(request).await, Err(Refused::Invalid(_))));
    }
    assert_eq!(log.end(), 0);
}

pub async fn the_largest_request_is_stored(world: StoreWorld) {
    let log = world.open().await;
    let streams = (0..limits::CONDITIONS_MAX).fold(request(), |request, n| request.on(n, 0));
    let largest = (0..limits::EVENTS_MAX).fold(streams, |request, n| request.event(n));
    let stored = stored(&log, largest).await;
    assert_eq!((stored.len(), log.end()), (limits::EVENTS_MAX, limits::EVENTS_MAX as u64));
}

pub async fn a_full_queue_refuses_at_once(world: StoreWorld) {
    let log = world.open_with(LogOptions { queue_max: 4, ..LogOptions::default() }).await;
    let ask = |n: u64| log.submit(request().on(n, 0).event(n));
    let waiting: Vec<_> = (0..4).map(|n| ask(n).expect("there is room")).collect();
    assert!(matches!(ask(4).map(|submission| submission.ticket), Err(Refused::Unavailable(_))));
    for submission in waiting {
        are_stored(submission.outcome.await);
    }
    are_stored(ask(5).expect("there is room again").outcome.await);
    assert_eq!(log.end(), 5);
}
