//! Decisions on proposed states, and their correction when a proposal is not stored.

mod common;

use std::time::Duration;

use command_engine::{EngineOptions, Failure, Origin};
use common::{append, catalogue, counted, desk_stream, harness, harness_with, meddle_with, new_key, number, open};
use futures::future::join_all;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_race_of_500_for_30_gives_30_numbers_and_470_refusals() {
    let harness = harness().await;
    let answers = join_all((0..500).map(|_| harness.take("race", 30))).await;
    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    let refused = answers
        .iter()
        .filter(|answer| matches!(answer, Err(Failure::Rejected(no)) if no.rejection == &common::NONE_LEFT))
        .count();
    assert_eq!((granted, refused), (30, 470));
    assert_eq!(harness.numbers("race").await, counted(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_stream_is_decided_on_the_state_as_proposed() {
    let harness = harness().await;
    let answers = join_all((0..1_000).map(|_| harness.take("hot", u32::MAX))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(harness.numbers("hot").await, counted(1_000));
}

/// The trap: wrong refusal from a stale cache.
#[tokio::test]
async fn a_refusal_is_validated_though_the_cache_is_stale() {
    let harness = harness().await;
    harness.take("stale", 1).await.expect("the first");
    // Another node frees the desk: the cached state says that none is left.
    harness.log.append(number("stale", 1, 0)).await.expect("stored");
    let answer = harness.take("stale", 1).await.expect("one is left again");
    assert_eq!(answer.events[0].revision, 3);
}

/// The trap: success answered but nothing stored.
#[tokio::test]
async fn nothing_new_is_validated_and_tells_how_far_was_read() {
    let harness = harness().await;
    harness.take("other", 9).await.expect("stored");
    harness.take("calm", 9).await.expect("stored");
    let answer = harness.take("calm", 0).await.expect("nothing new");
    assert_eq!((answer.events.len(), answer.position.to_string().as_str()), (0, "care:2"));
}

/// The trap: pipelined decision on a proposal that failed.
#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_failed_is_never_built_upon() {
    let harness = harness().await;
    harness.take("failed", 500).await.expect("the first");
    // The engine's state is 1; another node has gone on to 50. All 200 are decided on proposals that will fail, and the
    // revision of one of them fits again.
    harness.log.append(number("failed", 1, 50)).await.expect("stored");
    let answers = join_all((0..200).map(|_| harness.take("failed", 500))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 200);
    let expected: Vec<u32> = [1].into_iter().chain(50..=250).collect();
    assert_eq!(harness.numbers("failed").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_proposed_on_two_streams_is_forgotten_on_both_when_one_has_moved() {
    let harness = harness().await;
    harness.take_as(&new_key(), json!({"desk": "left", "also": "right", "most": 99})).await.expect("the first");
    harness.log.append(number("right", 1, 10)).await.expect("stored");
    let both =
        join_all((0..20).map(|_| async {
            harness.take_as(&new_key(), json!({"desk": "left", "also": "right", "most": 99})).await
        }));
    let left = join_all((0..20).map(|_| harness.take("left", 99)));
    let (both, left) = tokio::join!(both, left);
    assert!(both.iter().chain(&left).all(Result::is_ok));
    assert_eq!(harness.numbers("left").await, counted(41));
    assert_eq!(harness.numbers("right").await, [1].into_iter().chain(10..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_that_is_named_twice_is_given_twice_and_has_one_condition() {
    let harness = harness().await;
    let answer =
        harness.take_as(&new_key(), json!({"desk": "twice", "also": "twice", "most": 9})).await.expect("stored");
    let revisions: Vec<_> = answer.events.iter().map(|event| event.revision).collect();
    assert_eq!(revisions, [1, 2]);
}

#[tokio::test]
async fn a_conflict_is_decided_again_three_times_at_most() {
    let harness = harness().await;
    meddle_with("thrice", &harness.log, 3);
    let answer = harness.take("thrice", 99).await.expect("the fourth decision stands");
    assert_eq!(answer.events[0].revision, 4);
    assert_eq!(harness.numbers("thrice").await, counted(4));

    meddle_with("forever", &harness.log, u32::MAX);
    assert_eq!(harness.take("forever", 99).await, Err(Failure::Contended));
    assert_eq!(harness.numbers("forever").await, counted(4), "what others took");
}

/// The trap: a request cancelled inside a transaction.
#[tokio::test]
async fn a_caller_who_goes_away_cancels_nothing_and_poisons_nothing() {
    let harness = harness().await;
    let body = || json!({"desk": "away", "most": 999}).to_string().into();
    for _ in 0..50 {
        let engine = harness.engine.clone();
        let mut given =
            Box::pin(
                async move { engine.execute("take-number", body(), Origin::new(common::somebody(), new_key())).await },
            );
        // Once polled, the command is queued; then its caller stops waiting.
        assert!(futures::poll!(given.as_mut()).is_pending());
        drop(given);
    }
    harness.until(50).await;
    harness.take("away", 999).await.expect("the sequencer goes on");
    assert_eq!(harness.numbers("away").await, counted(51));
}

#[tokio::test]
async fn what_was_begun_is_finished_when_the_last_engine_is_dropped() {
    let harness = harness().await;
    let engine = harness.engine.clone();
    let body = json!({"desk": "last", "most": 9}).to_string().into();
    let mut given =
        Box::pin(async move { engine.execute("take-number", body, Origin::new(common::somebody(), new_key())).await });
    assert!(futures::poll!(given.as_mut()).is_pending());
    drop(given);
    let common::Harness { folder, log, engine } = harness;
    drop(engine);
    let mut end = log.watch();
    tokio::time::timeout(Duration::from_secs(20), end.wait_for(|end| *end == 1))
        .await
        .expect("in time")
        .expect("a log");
    drop(folder);
}

#[tokio::test]
async fn a_cache_that_holds_little_decides_as_well() {
    let options = EngineOptions { states_max: 1, batch_max: 1, ..EngineOptions::default() };
    let harness = harness_with(options).await;
    let desks: Vec<String> = (0..40).map(|at| format!("small-{at}")).collect();
    let answers = join_all((0..400).map(|at| harness.take(&desks[at % 40], 5))).await;
    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(
        granted,
        40 * 5,
        "{:?}",
        answers
            .iter()
            .filter_map(|answer| answer.as_ref().err())
            .find(|failure| !matches!(failure, Failure::Rejected(_)))
    );
    for desk in &desks {
        assert_eq!(harness.numbers(desk).await, counted(5));
    }
}

/// The trap: one long stream that is read while every other command waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_command_whose_stream_is_being_loaded_delays_no_other() {
    let harness = harness().await;
    harness.take("hot", 9).await.expect("loaded and stored");
    harness.log.append(number("long", 0, common::LOADS_SLOWLY)).await.expect("stored");
    let others = async {
        // One command has its state in memory, and the other has to load it, too.
        harness.take("hot", 9).await.expect("stored");
        harness.take("cold", 9).await.expect("stored");
        common::SLOW_LOADS.open();
    };
    let (long, ()) = tokio::join!(harness.take("long", u32::MAX), others);
    assert_eq!(long.expect("stored").events[0].revision, 2);
}

#[tokio::test]
async fn commands_that_wait_for_the_same_stream_are_decided_in_their_order() {
    let harness = harness().await;
    let keys: Vec<String> = (0..20).map(|_| new_key()).collect();
    let answers = join_all(keys.iter().map(|key| harness.take_as(key, json!({"desk": "queue", "most": 99})))).await;
    let revisions: Vec<u64> =
        answers.iter().map(|answer| answer.as_ref().expect("stored").events[0].revision).collect();
    assert_eq!(revisions, (1..=20).collect::<Vec<u64>>());
}

#[tokio::test]
async fn rules_that_panic_break_their_own_command_alone() {
    let harness = harness().await;
    let (broken, other) = tokio::join!(harness.take("panic", 9), harness.take("beside", 9));
    assert_eq!(broken, Err(Failure::Broken));
    assert!(other.is_ok());
}

#[tokio::test]
async fn a_stored_event_that_cannot_be_read_breaks_the_commands_on_its_stream_alone() {
    let harness = harness().await;
    let alien = append(desk_stream("alien"), 0, "desk.closed.v9", b"{}".to_vec());
    harness.log.append(alien).await.expect("stored");
    let (broken, other) = tokio::join!(harness.take("alien", 9), harness.take("beside", 9));
    assert_eq!(broken, Err(Failure::Broken));
    assert!(other.is_ok());
}

#[tokio::test]
async fn a_log_that_has_closed_is_answered_and_not_waited_for() {
    let harness = harness().await;
    harness.take("closing", 9).await.expect("stored");
    harness.log.close().await;
    assert_eq!(harness.take("closing", 9).await, Err(Failure::Unavailable));
}

#[tokio::test]
async fn when_too_many_wait_one_more_is_refused_at_once() {
    let options = EngineOptions { queue_max: 1, batch_max: 1, in_flight_max: 1, ..EngineOptions::default() };
    let harness = harness_with(options).await;
    let answers = join_all((0..50).map(|_| harness.take("crowd", 99))).await;
    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    let overloaded = answers.iter().filter(|answer| **answer == Err(Failure::Overloaded)).count();
    assert!(granted >= 1 && overloaded >= 1 && granted + overloaded == 50, "{granted} and {overloaded}");
    assert_eq!(harness.numbers("crowd").await.len(), granted);
}

#[tokio::test]
async fn states_are_read_again_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 1..=3 {
        let log = open(&folder, event_log::LogOptions::default()).await;
        let engine = command_engine::Engine::start(log.clone(), catalogue(), EngineOptions::default());
        let body = json!({"desk": "restart", "most": 99}).to_string().into();
        let answer =
            engine.execute("take-number", body, Origin::new(common::somebody(), new_key())).await.expect("stored");
        assert_eq!(answer.events[0].revision, round);
        log.close().await;
    }
}
