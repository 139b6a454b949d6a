//! Idempotency: a repeated command gets the events that it stored, permanently, or its decision without events, for a
//! limited time. It has one effect.

use std::time::Duration;

use event_core::{Timestamp, envelope::Hash};

use super::{
    StoreWorld,
    speech::{Say, are_repeated, are_stored, batch, conflict, request, stored},
};
use crate::{Append, Granted, LogOptions, REMEMBER, Refused, port::limits};

fn command(key: u8) -> Append {
    request().on("a", 0).on("b", 0).event("a").event("b").key(key, 1)
}

pub async fn a_command_that_comes_again_gets_what_it_stored(world: StoreWorld) {
    let log = world.open().await;
    let first = stored(&log, command(1)).await;
    assert_eq!(are_repeated(log.append(command(1)).await), first);
    assert_eq!(log.end(), 2);
}

/// The trap: idempotency that expires.
pub async fn a_command_is_recognised_after_a_restart(world: StoreWorld) {
    let log = world.open().await;
    let first = stored(&log, command(1)).await;
    let log = world.reopen(log).await;
    assert_eq!(are_repeated(log.append(command(1)).await), first);
    assert_eq!(log.end(), 2);
}

pub async fn a_command_is_recognised_though_its_conditions_are_off(world: StoreWorld) {
    let log = world.open().await;
    let first = stored(&log, command(1)).await;
    stored(&log, request().on("a", 1).event("a")).await;
    assert_eq!(are_repeated(log.append(command(1)).await), first);
    // Its conditions hold on the present state, but it is a repeat all the same.
    let again = request().on("a", 2).on("b", 1).event("a").event("b").key(1, 1);
    assert_eq!(are_repeated(log.append(again).await), first);
    assert_eq!(log.end(), 3);
}

pub async fn a_key_with_another_body_is_refused(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, command(1)).await;
    let other = |revision| request().on("a", revision).event("a").key(1, 2);
    assert_eq!(log.append(other(1)).await, Err(Refused::KeyReused));
    assert_eq!(log.append(other(0)).await, Err(Refused::KeyReused));
    assert_eq!(log.append(request().on("a", 1).key(1, 2)).await, Err(Refused::KeyReused));
    assert_eq!(log.end(), 2);
}

pub async fn a_command_that_is_twice_in_one_batch_is_stored_once(world: StoreWorld) {
    let log = world.open().await;
    let outcomes = batch(&log, [command(1), command(1), command(1)]).await;
    let [first, second, third] = <[_; 3]>::try_from(outcomes).expect("three outcomes");
    let first = are_stored(first);
    assert_eq!(are_repeated(second), first);
    assert_eq!(are_repeated(third), first);
    assert_eq!(log.end(), 2);
}

pub async fn two_bodies_under_one_key_in_one_batch_are_told_apart(world: StoreWorld) {
    let log = world.open().await;
    let outcomes =
        batch(&log, [request().on("a", 0).event("a").key(1, 1), request().on("b", 0).event("b").key(1, 2)]).await;
    assert!(matches!(outcomes[0], Ok(Granted::Stored(_))));
    assert_eq!(outcomes[1], Err(Refused::KeyReused));
    assert_eq!(log.end(), 1);
}

pub async fn a_batch_of_repeats_and_new_requests_does_right_by_each(world: StoreWorld) {
    let log = world.open().await;
    let old = |n: u8| request().on(n, 0).event(n).event(n).key(n, 1);
    let mut first = Vec::new();
    for n in 0..3 {
        first.push(stored(&log, old(n)).await);
    }
    // Repeats with revisions that match again, so that only the key identifies them.
    let again = |n: u8| request().on(n, 2).event(n).key(n, 1);
    let new = |n: u8| request().on(n, 0).event(n).key(n, 1);
    let outcomes = batch(&log, [new(10), again(0), new(11), again(1), old(2), new(12)]).await;
    let outcomes = <[_; 6]>::try_from(outcomes).expect("six outcomes");
    let [new_0, repeat_0, new_1, repeat_1, repeat_2, new_2] = outcomes;
    for (repeat, first) in [repeat_0, repeat_1, repeat_2].into_iter().zip(first) {
        assert_eq!(are_repeated(repeat), first);
    }
    let positions = [new_0, new_1, new_2].map(|new| are_stored(new)[0].position);
    assert_eq!(positions, [7, 8, 9]);
    // The repeats have not moved any stream.
    assert_eq!(log.append(request().on(0, 2).on(1, 2).on(2, 2)).await, Ok(Granted::Holds { position: 6 }));
}

pub async fn a_command_without_an_outcome_that_stored_nothing_is_decided_again(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a")).await;
    assert_eq!(log.append(request().on("a", 0).event("a").key(1, 1)).await, conflict("a", 0, 1));
    assert_eq!(log.append(request().on("a", 1).key(1, 1)).await, Ok(Granted::Holds { position: 1 }));
    stored(&log, request().on("a", 1).event("a").key(1, 1)).await;
}

pub async fn a_repeat_that_would_now_store_nothing_gets_the_stored_outcome(world: StoreWorld) {
    let log = world.open().await;
    let first = stored(&log, command(1)).await;
    assert_eq!(are_repeated(log.append(request().on("a", 1).key(1, 1)).await), first);
}

/// So that a batch can be sent again after its answer was lost.
pub async fn an_append_that_is_no_command_is_known_by_its_first_event(world: StoreWorld) {
    let log = world.open().await;
    let append = request().on("a", 0).event("a").event("a");
    let first = stored(&log, append.clone()).await;
    assert_eq!(are_repeated(log.append(append.clone()).await), first);
    let log = world.reopen(log).await;
    assert_eq!(are_repeated(log.append(append).await), first);
    assert_eq!(log.end(), 2);
}

pub async fn a_command_of_many_clients_is_stored_once(world: StoreWorld) {
    let log = world.open().await;
    let clients = (0..32).map(|_| {
        let log = log.clone();
        tokio::spawn(async move { log.append(command(1)).await })
    });
    let mut outcomes = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        outcomes.push(client.await.expect("no client fails"));
    }
    let stored = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Granted::Stored(_)))).count();
    let repeated = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Granted::Repeated(_)))).count();
    assert_eq!((stored, repeated, log.end()), (1, 31, 2));
}

/// The trap: the answer to a command is lost under an earlier version, and its repeat under this version has a second
/// effect.
pub async fn what_is_known_by_a_key_of_an_earlier_version_is_a_repeat(world: StoreWorld) {
    let log = world.open().await;
    let first = stored(&log, request().on("a", 0).event("a").event("a").key(1, 1)).await;
    assert_eq!(log.append(request().on("a", 2).key(2, 2).decided(NO)).await, Ok(Granted::Holds { position: 2 }));
    let log = world.reopen(log).await;
    let again = || request().on("a", 2).event("a").key(11, 1).or_before(1);
    assert_eq!(are_repeated(log.append(again()).await), first);
    assert_eq!(are_repeated(log.append(request().on("a", 2).key(11, 1).or_before(1).decided(NO)).await), first);
    let again = |body: u8| request().on("a", 2).event("a").key(12, body).or_before(2);
    assert_eq!(log.append(again(2)).await, remembered(2));
    assert_eq!(log.append(again(9)).await, Err(Refused::KeyReused));
    // In one batch with a request that is not a repeat.
    let outcomes = batch(&log, [again(2), request().on("a", 2).event("a").key(13, 1).or_before(3), again(2)]).await;
    assert_eq!((&outcomes[0], &outcomes[2]), (&remembered(2), &remembered(2)));
    assert!(matches!(outcomes[1], Ok(Granted::Stored(_))), "{outcomes:?}");
    // It is stored only under its own key.
    stored(&log, request().on("a", 3).event("a").key(3, 1)).await;
    assert_eq!(log.end(), 4);
}

pub async fn what_a_command_stored_is_found_by_its_key(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("c", 0).event("c").key(9, 9)).await;
    let first = stored(&log, command(1)).await;
    // The appends after it, with or without a key, do not belong to it.
    stored(&log, request().on("d", 0).event("d")).await;
    stored(&log, request().on("e", 0).event("e").key(3, 3)).await;
    let found = log.find(&[1; 32]).await.expect("readable");
    assert_eq!(found, Some(([1; 32], first)));
}

pub async fn an_unknown_key_finds_nothing(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, command(1)).await;
    let unknown: Hash = [2; 32];
    assert_eq!(log.find(&unknown).await.expect("readable"), None);
}

const NO: &str = "no";

fn remembered(position: u64) -> Result<Granted, Refused> {
    Ok(Granted::Remembered { position, outcome: NO.into() })
}

/// The decision on a stream at this revision, without events.
fn refusal(revision: u64) -> Append {
    request().on("a", revision).key(1, 1).decided(NO)
}

/// The same command, decided again later: it would store an event now.
fn later(revision: u64) -> Append {
    request().on("a", revision).event("a").key(1, 1).decided("yes")
}

/// The failure that this prevents: a slot was free again, and a late repeat of a refused booking took it.
pub async fn a_decision_without_events_is_remembered_though_it_would_now_store_one(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a")).await;
    assert_eq!(log.append(refusal(1)).await, Ok(Granted::Holds { position: 1 }));
    stored(&log, request().on("a", 1).event("a")).await;
    assert_eq!(log.append(later(2)).await, remembered(1));
    assert_eq!(log.append(refusal(2)).await, remembered(1));
    // Its conditions do not hold, but a repeat is recognised first.
    assert_eq!(log.append(later(0)).await, remembered(1));
    assert_eq!(log.end(), 2);
}

pub async fn a_decision_without_events_is_remembered_after_a_restart(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a")).await;
    let log = world.reopen(log).await;
    assert_eq!(log.append(refusal(1)).await, Ok(Granted::Holds { position: 1 }));
    let log = world.reopen(log).await;
    assert_eq!(log.append(later(1)).await, remembered(1));
    assert_eq!(log.end(), 1);
}

pub async fn the_key_of_a_decision_without_events_is_not_free_for_another_body(world: StoreWorld) {
    let log = world.open().await;
    assert_eq!(log.append(refusal(0)).await, Ok(Granted::Holds { position: 0 }));
    let other = || request().on("a", 0).key(1, 2).decided(NO);
    assert_eq!(log.append(other()).await, Err(Refused::KeyReused));
    assert_eq!(log.append(other().event("a")).await, Err(Refused::KeyReused));
    // It does not fail its neighbours, either.
    let outcomes = batch(&log, [other(), request().on("b", 0).event("b").key(2, 2), refusal(0)]).await;
    assert_eq!(outcomes[0], Err(Refused::KeyReused));
    assert!(matches!(outcomes[1], Ok(Granted::Stored(_))), "{outcomes:?}");
    assert_eq!(outcomes[2], remembered(0));
}

pub async fn a_decision_without_events_that_is_twice_in_one_batch_is_made_once(world: StoreWorld) {
    let log = world.open().await;
    let opening = request().on("a", 0).event("a");
    let outcomes = batch(&log, [opening, refusal(1), later(1), refusal(1), request().on("a", 1).key(1, 2)]).await;
    assert!(matches!(outcomes[0], Ok(Granted::Stored(_))));
    assert_eq!(outcomes[1], Ok(Granted::Holds { position: 1 }));
    assert_eq!(outcomes[2], remembered(1));
    assert_eq!(outcomes[3], remembered(1));
    assert_eq!(outcomes[4], Err(Refused::KeyReused));
    assert_eq!(log.append(later(1)).await, remembered(1));
    assert_eq!(log.end(), 1);
}

pub async fn a_decision_whose_conditions_do_not_hold_is_not_remembered(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a")).await;
    assert_eq!(log.append(refusal(0)).await, conflict("a", 0, 1));
    stored(&log, later(1)).await;
}

pub async fn what_a_command_stored_is_not_replaced_by_a_later_decision(world: StoreWorld) {
    let log = world.open().await;
    let first = stored(&log, later(0)).await;
    assert_eq!(are_repeated(log.append(refusal(1)).await), first);
    assert_eq!(are_repeated(log.append(later(1)).await), first);
}

pub async fn a_decision_without_events_of_many_clients_is_made_once(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a")).await;
    let clients = (0..32).map(|n| {
        let log = log.clone();
        tokio::spawn(async move { log.append(if n % 2 == 0 { refusal(1) } else { later(1) }).await })
    });
    let mut outcomes = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        outcomes.push(client.await.expect("no client fails").expect("granted"));
    }
    let decided = outcomes.iter().filter(|outcome| matches!(outcome, Granted::Stored(_) | Granted::Holds { .. }));
    assert_eq!(decided.count(), 1, "{outcomes:?}");
}

fn after_the_time() -> Timestamp {
    let late = jiff::Timestamp::now() + REMEMBER + Duration::from_secs(60);
    Timestamp::from_jiff(late)
}

/// Time is the log's own: only a later event makes the decision old.
pub async fn a_decision_without_events_is_forgotten_after_its_time(world: StoreWorld) {
    let log = world.open().await;
    assert_eq!(log.append(refusal(0)).await, Ok(Granted::Holds { position: 0 }));
    stored(&log, request().on("b", 0).event("b").key(2, 2)).await;
    log.close().await;
    let log = world.open_with(LogOptions { clock: after_the_time, ..LogOptions::default() }).await;
    assert_eq!(log.append(later(0)).await, remembered(0), "nothing has happened since");
    let log = world.reopen(log).await;
    log.close().await;
    let log = world.open_with(LogOptions { clock: after_the_time, ..LogOptions::default() }).await;
    stored(&log, request().on("c", 0).event("c")).await;
    stored(&log, later(0)).await;
    // A command that stored events is never forgotten.
    assert!(matches!(log.append(request().on("b", 1).key(2, 2).decided(NO)).await, Ok(Granted::Repeated(_))));
}

pub async fn an_outcome_is_bounded(world: StoreWorld) {
    let log = world.open().await;
    let outcome = |bytes: usize| {
        let mut append = refusal(0);
        append.idempotency.as_mut().expect("a key").outcome = Some(vec![b'x'; bytes].into());
        append
    };
    let refused = log.append(outcome(limits::OUTCOME_BYTES_MAX + 1)).await;
    assert!(matches!(refused, Err(Refused::Invalid(_))), "{refused:?}");
    assert_eq!(log.append(outcome(limits::OUTCOME_BYTES_MAX)).await, Ok(Granted::Holds { position: 0 }));
}
