//! A decision on a proposal is stored only if the proposal is stored. The trap: a pipelined decision on a proposal that
//! failed is stored because its revision happens to match.

use super::{
    StoreWorld,
    speech::{Say, all, are_repeated, are_stored, conflict, request, stored},
};
use crate::{Granted, Refused};

pub async fn what_rests_on_a_refused_request_is_refused_in_the_same_batch(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("other", 0).event("other")).await;
    let first = log.submit(request().on("other", 0).on("a", 0).event("a")).expect("submitted");
    // Another request's event takes the place of the proposal, so that the revision matches.
    let foreign = log.submit(request().on("a", 0).event("a")).expect("submitted");
    let second = log.submit(request().on("a", 1).event("a").after(first.ticket)).expect("submitted");
    assert_eq!(first.outcome.await, conflict("other", 0, 1));
    are_stored(foreign.outcome.await);
    assert_eq!(second.outcome.await, Err(Refused::DependencyFailed));
    assert_eq!(log.end(), 2);
}

pub async fn what_rests_on_a_refused_request_is_refused_in_a_later_batch_though_its_revision_fits(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("other", 0).event("other")).await;
    let first = log.submit(request().on("other", 0).on("a", 0).event("a")).expect("submitted");
    assert_eq!(first.outcome.await, conflict("other", 0, 1));
    stored(&log, request().on("a", 0).event("a")).await;
    let second = log.submit(request().on("a", 1).event("a").after(first.ticket)).expect("submitted");
    assert_eq!(second.outcome.await, Err(Refused::DependencyFailed));
}

pub async fn a_chain_falls_with_its_first_link(world: StoreWorld) {
    let log = world.open().await;
    let first = log.submit(request().on("a", 7).event("a")).expect("submitted");
    let foreign = log.submit(request().on("a", 0).event("a")).expect("submitted");
    let second = log.submit(request().on("a", 1).event("a").after(first.ticket)).expect("submitted");
    let third = log.submit(request().on("b", 0).event("b").after(second.ticket)).expect("submitted");
    let refusal = log.submit(request().on("b", 0).after(third.ticket)).expect("submitted");
    let free = log.submit(request().on("c", 0).event("c")).expect("submitted");
    assert_eq!(first.outcome.await, conflict("a", 7, 0));
    are_stored(foreign.outcome.await);
    for fallen in [second.outcome, third.outcome, refusal.outcome] {
        assert_eq!(fallen.await, Err(Refused::DependencyFailed));
    }
    are_stored(free.outcome.await);
    assert_eq!(all(&log).await, [(1, "session-a".into(), 1), (2, "session-c".into(), 1)]);
}

pub async fn what_rests_on_a_stored_request_is_stored(world: StoreWorld) {
    let log = world.open().await;
    let first = log.submit(request().on("a", 0).event("a")).expect("submitted");
    let second = log.submit(request().on("a", 1).event("a").after(first.ticket)).expect("submitted");
    let asked = log.submit(request().on("a", 2).after(second.ticket)).expect("submitted");
    let fourth = log.submit(request().on("a", 2).event("a").after(asked.ticket)).expect("submitted");
    are_stored(first.outcome.await);
    let fifth =
        log.submit(request().on("a", 3).event("a").after(first.ticket).after(fourth.ticket)).expect("submitted");
    are_stored(second.outcome.await);
    assert_eq!(asked.outcome.await, Ok(Granted::Holds { position: 2 }));
    are_stored(fourth.outcome.await);
    are_stored(fifth.outcome.await);
}

/// The events of a repeat are not at the revisions that it proposed.
pub async fn what_rests_on_a_repeat_is_unfounded(world: StoreWorld) {
    let log = world.open().await;
    let command = |revision| request().on("a", revision).event("a").key(1, 1);
    stored(&log, command(0)).await;
    let repeat = log.submit(command(1)).expect("submitted");
    let second = log.submit(request().on("a", 1).event("a").after(repeat.ticket)).expect("submitted");
    are_repeated(repeat.outcome.await);
    assert_eq!(second.outcome.await, Err(Refused::DependencyFailed));
}

pub async fn nothing_rests_on_a_request_that_comes_later(world: StoreWorld) {
    let log = world.open().await;
    let first = log.submit(request().on("a", 0).event("a")).expect("submitted");
    are_stored(first.outcome.await);
    // The reopened log has not given this ticket yet.
    let log = world.reopen(log).await;
    let answer = log.submit(request().on("a", 1).event("a").after(first.ticket)).map(|submission| submission.ticket);
    assert!(matches!(answer, Err(Refused::Invalid(_))), "{answer:?}");
}
