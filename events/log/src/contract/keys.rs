//! Idempotency for ever: a command that comes again gets what it stored, and has one effect.

use vocabulary::envelope::Hash;

use super::{
    World,
    speech::{Say, are_repeated, are_stored, batch, conflict, request, stored},
};
use crate::{Append, Granted, Refused};

fn command(key: u8) -> Append {
    request().on("a", 0).on("b", 0).event("a").event("b").key(key, 1)
}

pub async fn a_command_that_comes_again_gets_what_it_stored(world: World) {
    let log = world.open().await;
    let first = stored(&log, command(1)).await;
    assert_eq!(are_repeated(log.append(command(1)).await), first);
    assert_eq!(log.end(), 2);
}

/// The trap: idempotency that expires.
pub async fn a_command_is_recognised_after_a_restart(world: World) {
    let log = world.open().await;
    let first = stored(&log, command(1)).await;
    let log = world.reopen(log).await;
    assert_eq!(are_repeated(log.append(command(1)).await), first);
    assert_eq!(log.end(), 2);
}

pub async fn a_command_is_recognised_though_its_conditions_are_off(world: World) {
    let log = world.open().await;
    let first = stored(&log, command(1)).await;
    stored(&log, request().on("a", 1).event("a")).await;
    assert_eq!(are_repeated(log.append(command(1)).await), first);
    // Decided again on the present state, it would fit: it is a repeat all the same.
    let again = request().on("a", 2).on("b", 1).event("a").event("b").key(1, 1);
    assert_eq!(are_repeated(log.append(again).await), first);
    assert_eq!(log.end(), 3);
}

pub async fn a_key_with_another_body_is_refused(world: World) {
    let log = world.open().await;
    stored(&log, command(1)).await;
    let other = |revision| request().on("a", revision).event("a").key(1, 2);
    assert_eq!(log.append(other(1)).await, Err(Refused::KeyReused));
    assert_eq!(log.append(other(0)).await, Err(Refused::KeyReused));
    assert_eq!(log.append(request().on("a", 1).key(1, 2)).await, Err(Refused::KeyReused));
    assert_eq!(log.end(), 2);
}

pub async fn a_command_that_is_twice_in_one_batch_is_stored_once(world: World) {
    let log = world.open().await;
    let outcomes = batch(&log, [command(1), command(1), command(1)]).await;
    let [first, second, third] = <[_; 3]>::try_from(outcomes).expect("three outcomes");
    let first = are_stored(first);
    assert_eq!(are_repeated(second), first);
    assert_eq!(are_repeated(third), first);
    assert_eq!(log.end(), 2);
}

pub async fn two_bodies_under_one_key_in_one_batch_are_told_apart(world: World) {
    let log = world.open().await;
    let outcomes =
        batch(&log, [request().on("a", 0).event("a").key(1, 1), request().on("b", 0).event("b").key(1, 2)]).await;
    assert!(matches!(outcomes[0], Ok(Granted::Stored(_))));
    assert_eq!(outcomes[1], Err(Refused::KeyReused));
    assert_eq!(log.end(), 1);
}

pub async fn a_batch_of_repeats_and_new_requests_does_right_by_each(world: World) {
    let log = world.open().await;
    let old = |n: u8| request().on(n, 0).event(n).event(n).key(n, 1);
    let mut first = Vec::new();
    for n in 0..3 {
        first.push(stored(&log, old(n)).await);
    }
    // Repeats that would fit again by their revision, so that only the key tells them.
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
    // Nothing of the repeats moved a stream.
    assert_eq!(log.append(request().on(0, 2).on(1, 2).on(2, 2)).await, Ok(Granted::Holds { position: 6 }));
}

pub async fn a_command_that_stored_nothing_is_decided_afresh(world: World) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a")).await;
    assert_eq!(log.append(request().on("a", 0).event("a").key(1, 1)).await, conflict("a", 0, 1));
    assert_eq!(log.append(request().on("a", 1).key(1, 1)).await, Ok(Granted::Holds { position: 1 }));
    stored(&log, request().on("a", 1).event("a").key(1, 1)).await;
}

pub async fn a_repeat_that_would_now_store_nothing_gets_the_stored_outcome(world: World) {
    let log = world.open().await;
    let first = stored(&log, command(1)).await;
    assert_eq!(are_repeated(log.append(request().on("a", 1).key(1, 1)).await), first);
}

/// So that a batch can be sent again after its answer was lost.
pub async fn an_append_that_is_no_command_is_known_by_its_first_event(world: World) {
    let log = world.open().await;
    let append = request().on("a", 0).event("a").event("a");
    let first = stored(&log, append.clone()).await;
    assert_eq!(are_repeated(log.append(append.clone()).await), first);
    let log = world.reopen(log).await;
    assert_eq!(are_repeated(log.append(append).await), first);
    assert_eq!(log.end(), 2);
}

pub async fn a_command_of_many_clients_is_stored_once(world: World) {
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

pub async fn what_a_command_stored_is_found_by_its_key(world: World) {
    let log = world.open().await;
    stored(&log, request().on("c", 0).event("c").key(9, 9)).await;
    let first = stored(&log, command(1)).await;
    // Neither the command after it nor the append that is no command belongs to it.
    stored(&log, request().on("d", 0).event("d")).await;
    stored(&log, request().on("e", 0).event("e").key(3, 3)).await;
    let found = log.find(&[1; 32]).await.expect("readable");
    assert_eq!(found, Some(([1; 32], first)));
}

pub async fn an_unknown_key_finds_nothing(world: World) {
    let log = world.open().await;
    stored(&log, command(1)).await;
    let unknown: Hash = [2; 32];
    assert_eq!(log.find(&unknown).await.expect("readable"), None);
}
