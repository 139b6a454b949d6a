//! A command that is sent again is decided once.

mod common;

use std::time::{Duration, Instant};

use command_engine::{Engine, EngineOptions, Failure, Origin};
use common::{Harness, catalogue, counted, decisions, harness, harness_with, nurse, open, somebody};
use event_core::Caller;
use event_log::{Append, Idempotency, LogOptions};
use futures::future::join_all;
use serde_json::json;

const KEY: &str = "one-wish-one-key";

#[tokio::test]
async fn a_repeat_gets_the_stored_outcome_though_it_would_now_be_refused() {
    let harness = harness().await;
    let first = harness.take_as(KEY, json!({"desk": "only", "most": 1})).await.expect("granted");
    assert!(harness.take("only", 1).await.is_err(), "none is left");
    let again = harness.take_as(KEY, json!({"most": 1, "desk": "only"})).await.expect("the same answer");
    assert!(again.replayed && !first.replayed);
    assert_eq!((again.events, again.position), (first.events, first.position));
    assert_eq!(harness.numbers("only").await, [1]);
}

#[tokio::test]
async fn a_repeat_is_recognised_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut answers = Vec::new();
    for _ in 0..2 {
        let log = open(&folder, LogOptions::default()).await;
        let engine = Engine::start(log.clone(), catalogue(), EngineOptions::default());
        let body = json!({"desk": "only", "most": 9}).to_string().into();
        answers.push(engine.execute("take-number", body, Origin::new(somebody(), KEY)).await.expect("granted"));
        log.close().await;
    }
    assert_eq!(answers.iter().map(|answer| answer.replayed).collect::<Vec<_>>(), [false, true]);
    assert_eq!(answers[0].events, answers[1].events);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused_and_what_it_proposed_is_forgotten() {
    let harness = harness().await;
    harness.take_as(KEY, json!({"desk": "first", "most": 9})).await.expect("granted");
    let other = harness.take_as(KEY, json!({"desk": "second", "most": 9})).await;
    assert_eq!(other, Err(Failure::KeyReused));
    harness.take("second", 9).await.expect("granted");
    assert_eq!(harness.numbers("second").await, counted(1));
}

#[tokio::test]
async fn what_a_repeat_proposed_is_forgotten_before_anybody_builds_upon_it() {
    let harness = harness().await;
    let wish = |most: u32| json!({"desk": "repeated", "most": most});
    harness.take_as(KEY, wish(9)).await.expect("granted");
    assert!(harness.take_as(KEY, wish(9)).await.expect("the same answer").replayed);
    harness.take("repeated", 9).await.expect("granted");
    assert_eq!(decisions("repeated"), 3, "each was decided once, on what is stored");
    assert_eq!(harness.take_as(KEY, wish(8)).await, Err(Failure::KeyReused));
    harness.take("repeated", 9).await.expect("granted");
    assert_eq!(decisions("repeated"), 5, "each was decided once, on what is stored");
}

#[tokio::test]
async fn a_key_belongs_to_its_caller_and_command() {
    let harness = harness().await;
    let body = json!({"desk": "shared", "most": 9});
    let one = harness.give(somebody(), "take-number", KEY, body.clone()).await.expect("granted");
    let other = harness.give(nurse("A12345"), "take-number", KEY, body).await.expect("granted");
    assert!(!one.replayed && !other.replayed);
    assert_eq!(harness.numbers("shared").await, counted(2));
}

fn of_another_issuer() -> Caller {
    Caller { issuer: "https://other.example".parse().expect("an issuer"), ..somebody() }
}

/// The trap: `sub` is unique only within its issuer.
#[tokio::test]
async fn a_key_belongs_to_its_callers_issuer() {
    let harness = harness().await;
    let body = || json!({"desk": "issuers", "most": 9});
    for repeat in [false, true] {
        for caller in [somebody(), of_another_issuer()] {
            let answer = harness.give(caller, "take-number", KEY, body()).await.expect("granted");
            assert_eq!(answer.replayed, repeat);
        }
    }
    assert_eq!(harness.numbers("issuers").await, counted(2));
    let actors: Vec<String> =
        harness.events(&common::desk_stream("issuers")).await.iter().map(|event| event.actor.to_string()).collect();
    for (actor, caller) in actors.iter().zip([somebody(), of_another_issuer()]) {
        assert!(actor.contains(&format!(r#""issuer":"{}""#, caller.issuer)), "{actor}");
    }
}

/// An append in the form of an earlier version, under this key: its command key and its actor have no issuer.
fn stored_before(harness: &Harness, number: u32, key: &str) -> Append {
    let parts: [&[u8]; 3] = [b"somebody", b"take-number", key.as_bytes()];
    let (key, hash) = (harness.log.keyed_hash(&parts), harness.log.keyed_hash(&[br#"{"desk":"before","most":9}"#]));
    let mut append = common::number("before", number - 1, number);
    append.provenance.actor = r#"{"id":"somebody","role":"operator","organisation":null,"level":null}"#.into();
    append.idempotency = Some(Idempotency { command_key: key, earlier_key: None, request_hash: hash, outcome: None });
    append
}

/// The trap: an answer is lost while an earlier version runs, and the client sends its command again to this one.
#[tokio::test]
async fn a_command_that_an_earlier_version_stored_is_recognised() {
    let harness = harness().await;
    harness.log.append(stored_before(&harness, 1, KEY)).await.expect("stored");
    let again = harness.take_as(KEY, json!({"most": 9, "desk": "before"})).await.expect("the same answer");
    assert!(again.replayed);
    assert_eq!((again.position.position, again.events.len()), (1, 1));
    assert_eq!(harness.take_as(KEY, json!({"desk": "before", "most": 8})).await, Err(Failure::KeyReused));
    assert_eq!(harness.numbers("before").await, [1]);
    // Commands that this version adds to such a log are recognised, too.
    for repeat in [false, true] {
        let wish = json!({"desk": "before", "most": 9});
        assert_eq!(harness.take_as("another-wish-and-its-key", wish).await.expect("granted").replayed, repeat);
    }
    assert_eq!(harness.numbers("before").await, counted(2));
}

#[tokio::test]
async fn what_an_earlier_version_remembers_is_recognised() {
    let harness = harness().await;
    let mut refused = stored_before(&harness, 1, KEY);
    refused.events.clear();
    let idempotency = refused.idempotency.as_mut().expect("a key");
    idempotency.outcome = Some(br#"{"decision":"nothing-new"}"#.as_slice().into());
    harness.log.append(refused).await.expect("remembered");
    let again = harness.take_as(KEY, json!({"desk": "before", "most": 9})).await.expect("the same answer");
    assert!(again.replayed && again.events.is_empty());
}

/// No additional look-up for each command if there is nothing to find.
#[tokio::test]
async fn keys_of_an_earlier_version_are_not_looked_for_in_a_log_that_this_version_began() {
    let harness = harness().await;
    harness.take("first", 9).await.expect("granted");
    // No command waits until the log's first event is read, so the first ones may still look.
    let deadline = Instant::now() + Duration::from_secs(20);
    for number in 1.. {
        let key = format!("wish-of-earlier-{number:06}");
        harness.log.append(stored_before(&harness, number, &key)).await.expect("stored");
        match harness.take_as(&key, json!({"desk": "before", "most": 9})).await {
            Ok(answer) if answer.replayed => {}
            Ok(_) | Err(Failure::Rejected(_)) => break,
            Err(other) => panic!("{other:?}"),
        }
        assert!(Instant::now() < deadline, "they are still looked for");
    }
}

#[tokio::test]
async fn a_wish_that_is_sent_a_hundred_times_at_once_is_granted_once() {
    let harness = harness().await;
    let others = join_all((0..100).map(|_| harness.take("busy", 999)));
    let same = join_all((0..100).map(|_| harness.take_as(KEY, json!({"desk": "busy", "most": 999}))));
    let (others, same) = tokio::join!(others, same);
    assert!(others.iter().chain(&same).all(|answer| answer.is_ok()));
    assert_eq!(same.iter().flatten().filter(|answer| !answer.replayed).count(), 1);
    assert_eq!(harness.numbers("busy").await, counted(101));
}

/// The failure: a booking was refused, the slot came free, and a late repeat of the refused booking took it.
#[tokio::test]
async fn a_refusal_is_the_answer_to_a_repeat_though_it_would_now_be_granted() {
    let harness = harness().await;
    harness.take("refused", 1).await.expect("granted");
    let wish = || json!({"desk": "refused", "most": 1});
    let first = harness.take_as(KEY, wish()).await;
    assert_eq!(first, Err(Failure::Rejected(common::NONE_LEFT.with("given", 1))));
    harness.log.append(common::number("refused", 1, 0)).await.expect("stored");
    let again = harness.take_as(KEY, wish()).await;
    assert_eq!(again, Err(Failure::RejectedBefore(common::NONE_LEFT.with("given", 1))));
    assert_eq!(harness.numbers("refused").await, [1, 0], "nothing was stored");
    let other = harness.take_as(KEY, json!({"desk": "refused", "most": 9})).await;
    assert_eq!(other, Err(Failure::KeyReused));
    harness.take("refused", 1).await.expect("another key is decided on what is so now");
}

/// The failure: opt in (nothing new), opt out, and a late repeat of the first flips the decision back.
#[tokio::test]
async fn nothing_new_is_the_answer_to_a_repeat_though_there_would_now_be_something() {
    let harness = harness().await;
    harness.take("nothing", 9).await.expect("granted");
    let wish = || json!({"desk": "nothing", "most": 9, "unlessGiven": 1});
    let first = harness.take_as(KEY, wish()).await.expect("nothing new");
    assert!(first.events.is_empty() && !first.replayed);
    harness.log.append(common::number("nothing", 1, 0)).await.expect("stored");
    let again = harness.take_as(KEY, wish()).await.expect("nothing new");
    assert!(again.events.is_empty() && again.replayed);
    assert_eq!(again.position, first.position);
    assert_eq!(harness.numbers("nothing").await, [1, 0]);
}

#[tokio::test]
async fn a_refusal_is_the_answer_to_a_repeat_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let body = || json!({"desk": "closed", "most": 1}).to_string().into();
    let mut answers = Vec::new();
    for key in ["the-first-wish-of-all", KEY, KEY] {
        let log = open(&folder, LogOptions::default()).await;
        let engine = Engine::start(log.clone(), catalogue(), EngineOptions::default());
        answers.push(engine.execute("take-number", body(), Origin::new(somebody(), key)).await);
        log.close().await;
    }
    assert!(answers[0].is_ok());
    assert!(matches!(answers[1], Err(Failure::Rejected(_))), "{answers:?}");
    assert!(matches!(answers[2], Err(Failure::RejectedBefore(_))), "{answers:?}");
}

#[tokio::test]
async fn a_key_of_another_length_or_with_blanks_is_refused() {
    let harness = harness().await;
    let longest = "k".repeat(128);
    assert!(harness.take_as(&longest, json!({"desk": "keys", "most": 9})).await.is_ok());
    for wrong in ["", "fifteen-letters", "sixteen letters!", "sechzehn-zeichen-ä", &"k".repeat(129)] {
        let answer = harness.take_as(wrong, json!({"desk": "keys", "most": 9})).await;
        assert_eq!(answer, Err(Failure::UnfitKey), "{wrong:?}");
    }
}

/// Commands that were decided after a repeat are decided again, because the proposal of the repeat is not stored. A
/// long series of repeats must not keep them from being finished.
#[tokio::test]
async fn who_sends_one_wish_again_and_again_holds_nobody_up() {
    let harness = harness_with(EngineOptions { batch_max: 8, ..EngineOptions::default() }).await;
    let wish = || json!({"desk": "stubborn", "most": 9_999});
    harness.take_as(KEY, wish()).await.expect("granted");
    let stubborn = async {
        for _ in 0..20 {
            let same = join_all((0..100).map(|_| harness.take_as(KEY, wish()))).await;
            assert!(same.into_iter().all(|answer| answer.is_ok_and(|answer| answer.replayed)));
        }
    };
    let others = async {
        for _ in 0..20 {
            let others = join_all((0..20).map(|_| harness.take("stubborn", 9_999))).await;
            assert_eq!(others.into_iter().find_map(Result::err), None);
        }
    };
    tokio::join!(stubborn, others);
    assert_eq!(harness.numbers("stubborn").await, counted(401));
}
