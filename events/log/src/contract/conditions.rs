//! A decision is stored only if the state on which it was made has not changed.

use event_core::LogName;

use super::{
    StoreWorld,
    speech::{Say, all, are_stored, batch, conflict, request, stored},
};
use crate::{Granted, LogOptions, Refused};

pub async fn a_stream_at_another_revision_is_a_conflict_that_says_where_it_is(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a").event("a")).await;
    assert_eq!(log.append(request().on("a", 1).event("a")).await, conflict("a", 1, 2));
    assert_eq!(log.end(), 2);
}

pub async fn zero_means_that_the_stream_must_not_exist(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a")).await;
    assert_eq!(log.append(request().on("a", 0).event("a")).await, conflict("a", 0, 1));
}

pub async fn a_revision_that_the_stream_has_not_reached_is_a_conflict(world: StoreWorld) {
    let log = world.open().await;
    assert_eq!(log.append(request().on("a", 1).event("a")).await, conflict("a", 1, 0));
    assert_eq!(log.end(), 0);
}

pub async fn a_request_is_stored_whole_or_not_at_all(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("b", 0).event("b")).await;
    // The last condition does not hold: none of the three events for `a` may be stored.
    let stale = request().on("a", 0).on("b", 0).event("a").event("a").event("a").event("b");
    assert_eq!(log.append(stale).await, conflict("b", 0, 1));
    assert_eq!(all(&log).await, [(1, "session-b".into(), 1)]);
    stored(&log, request().on("a", 0).event("a")).await;
}

pub async fn one_revision_has_one_winner(world: StoreWorld) {
    let log = world.open().await;
    for revision in 0..10 {
        let racers = (0..64).map(|_| request().on("hot", revision).event("hot"));
        let won = batch(&log, racers).await.into_iter().filter(Result::is_ok).count();
        assert_eq!(won, 1, "at revision {revision}");
    }
    assert_eq!(log.end(), 10);
}

/// Two doctors are on call, and one must stay. Each decision writes its own stream and only reads the other one.
/// The trap: write skew over a stream that is only read.
pub async fn a_stream_that_is_only_read_guards_the_decision_against_write_skew(world: StoreWorld) {
    let log = world.open().await;
    for round in 0..50 {
        let (mine, yours) = (format!("mine-{round}"), format!("yours-{round}"));
        let leave = |writes: &str, reads: &str| request().on(writes, 0).on(reads, 0).event(writes);
        let race = [leave(&mine, &yours), leave(&yours, &mine)].map(|append| {
            let log = log.clone();
            tokio::spawn(async move { log.append(append).await })
        });
        let mut won = 0;
        for racer in race {
            won += usize::from(racer.await.expect("no racer fails").is_ok());
        }
        assert_eq!(won, 1, "in round {round}");
    }
}

/// Many clients count on one stream, each on the revision that it read: no count is lost.
/// The trap: a condition checked on an old snapshot.
pub async fn a_condition_is_never_checked_on_an_old_snapshot(world: StoreWorld) {
    let log = world.open().await;
    let clients = (0..16).map(|_| {
        let log = log.clone();
        tokio::spawn(async move {
            let (mut revision, mut won) = (0, 0);
            while won < 5 {
                match log.append(request().on("hot", revision).event("hot")).await {
                    Ok(_) => won += 1,
                    Err(Refused::Conflict { actual, .. }) => revision = actual,
                    Err(other) => panic!("{other}"),
                }
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("no client fails");
    }
    let revisions: Vec<u64> = all(&log).await.into_iter().map(|(.., revision)| revision).collect();
    assert_eq!(revisions, (1..=80).collect::<Vec<u64>>());
}

pub async fn any_revision_is_for_the_log_access_only(world: StoreWorld) {
    let log = world.open().await;
    let look = || request().on_any("a").event("a");
    match world.name {
        LogName::Care => {
            assert!(matches!(log.append(look()).await, Err(Refused::Invalid(_))));
            assert_eq!(log.end(), 0);
        }
        LogName::Access => {
            for revision in 1..=3 {
                assert_eq!(stored(&log, look()).await.first().map(|event| event.revision), Some(revision));
            }
        }
    }
}

pub async fn one_conflict_fails_none_of_its_neighbours(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("taken", 0).event("taken")).await;
    let mixed = (0..10)
        .map(|n| if n % 2 == 0 { request().on(n, 0).event(n) } else { request().on("taken", 0).event(n).on(n, 0) });
    for (n, outcome) in batch(&log, mixed).await.into_iter().enumerate() {
        if n % 2 == 0 {
            assert_eq!(are_stored(outcome).first().map(|event| event.position), Some(n as u64 / 2 + 2));
        } else {
            assert_eq!(outcome, conflict("taken", 0, 1));
        }
    }
    assert_eq!(log.end(), 6);
}

pub async fn a_condition_sees_what_the_requests_before_it_store(world: StoreWorld) {
    let log = world.open().await;
    let outcomes = batch(
        &log,
        [
            request().on("a", 0).event("a"),
            request().on("a", 0).event("a"),
            request().on("a", 1).event("a"),
            request().on("a", 2),
            request().on("a", 1),
        ],
    )
    .await;
    let [first, stale, second, holds, off] = <[_; 5]>::try_from(outcomes).expect("five outcomes");
    assert_eq!(are_stored(first).first().map(|event| event.revision), Some(1));
    assert_eq!(stale, conflict("a", 0, 1));
    assert_eq!(are_stored(second).first().map(|event| event.revision), Some(2));
    assert_eq!(holds, Ok(Granted::Holds { position: 2 }));
    assert_eq!(off, conflict("a", 1, 2));
}

pub async fn conditions_without_events_hold_with_the_highest_position_read(world: StoreWorld) {
    let log = world.open().await;
    for id in ["a", "b", "c"] {
        stored(&log, request().on(id, 0).event(id)).await;
    }
    assert_eq!(log.append(request().on("b", 1).on("a", 1)).await, Ok(Granted::Holds { position: 2 }));
    let log = world.reopen(log).await;
    assert_eq!(log.append(request().on("b", 1).on("a", 1).on("d", 0)).await, Ok(Granted::Holds { position: 2 }));
    assert_eq!(log.end(), 3);
}

pub async fn conditions_without_events_can_be_off(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a")).await;
    assert_eq!(log.append(request().on("b", 0).on("a", 0)).await, conflict("a", 0, 1));
}

pub async fn conditions_on_empty_streams_hold_at_position_zero(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a")).await;
    assert_eq!(log.append(request().on("b", 0)).await, Ok(Granted::Holds { position: 0 }));
}

/// The trap: a wrong refusal, or a wrong grant, from a stale cache.
pub async fn heads_that_are_no_longer_in_memory_are_still_exact(world: StoreWorld) {
    let log = world.open_with(LogOptions { heads_cached_max: 2, ..LogOptions::default() }).await;
    for revision in 0..3 {
        for id in 0..10 {
            stored(&log, request().on(id, revision).event(id)).await;
        }
        let outcomes = batch(&log, (0..10).map(|id| request().on(id, revision).event(id))).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(Refused::Conflict { .. }))));
    }
    assert_eq!(log.end(), 30);
}
