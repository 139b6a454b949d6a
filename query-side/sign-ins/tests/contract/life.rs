//! A sign-in from its begin to its end.

use std::time::Duration;

use http_edge::SignedInCallers;
use sign_ins::{AGE, IDLE, NAME_CHARACTERS_MAX, PER_CALLER_MAX, SEEN_EVERY};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::harness::{HOUR, Harness, MINUTE, START, caller, cookie, eventually, find, headers};

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_signed_in_is_found_until_they_sign_out() {
    let harness = Harness::start().await;
    let (own, other) = (harness.begin(&caller("a")).await, harness.begin(&caller("a")).await);
    let found = harness.find(&own).await.expect("it is there");
    assert_eq!((found.caller, &*found.name), (caller("a"), "Ada"));
    assert_eq!(found.ends_at.jiff().as_millisecond(), START + 30 * MINUTE);
    let again = harness.find(&own).await.expect("it is there").form_token;
    assert_eq!(found.form_token, again, "a page in another tab holds the same");
    harness.sign_ins.end(&headers(&[&own])).await.expect("it ends");
    assert!(!harness.is_there(&own).await);
    assert!(harness.is_there(&other).await, "the other browser is still signed in");
    harness.sign_ins.end(&headers(&[&own])).await.expect("it has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_an_issuer_that_is_refused_are_not_signed_in() {
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    let refusing = harness.reopened().await.without("https://id.example".parse().expect("an issuer"));
    assert!(find(&refusing, &own).await.is_none());
    let other = harness.reopened().await.without("https://other.example".parse().expect("an issuer"));
    assert!(find(&other, &own).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_without_the_optional_parts_and_with_any_name_is_found() {
    let harness = Harness::start().await;
    let plain = event_core::Caller { permissions: vec![], organisation: None, level: None, ..caller("b") };
    for name in ["", "Zoë \"Z\" O'Néill <b>", "a\u{0}b", "爱达"] {
        let own = cookie(&harness.sign_ins.begin(&plain, name).await.expect("it begins"));
        let found = harness.find(&own).await.expect("it is there");
        assert_eq!((found.caller, &*found.name), (plain.clone(), name));
    }
    let own = cookie(&harness.sign_ins.begin(&plain, &"é".repeat(100_000)).await.expect("it begins"));
    assert_eq!(*harness.find(&own).await.expect("it is there").name, *"é".repeat(NAME_CHARACTERS_MAX));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_on_one_process_holds_on_another_at_once() {
    let harness = Harness::start().await;
    let other = harness.reopened().await;
    let own = harness.begin(&caller("a")).await;
    assert!(find(&other, &own).await.is_some() && harness.is_there(&own).await);
    other.end(&headers(&[&own])).await.expect("it ends");
    assert!(!harness.is_there(&own).await);
    assert!(find(&other, &own).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_goes_on_after_a_restart() {
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    assert!(find(&harness.reopened().await, &own).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_ends_after_half_an_hour_without_use() {
    assert_eq!((IDLE, SEEN_EVERY), (Duration::from_secs(1_800), Duration::from_secs(60)));
    let harness = Harness::start().await;
    let (used, unused) = (harness.begin(&caller("a")).await, harness.begin(&caller("b")).await);
    // This use is not recorded, and still counts.
    harness.at(MINUTE - 1);
    assert_eq!(
        harness.find(&used).await.expect("it is there").ends_at.jiff().as_millisecond(),
        START + 31 * MINUTE - 1
    );
    harness.at(31 * MINUTE - 1);
    assert!(harness.is_there(&used).await, "half an hour after its use");
    harness.at(31 * MINUTE);
    assert!(!harness.is_there(&unused).await, "a minute later than half an hour");
    // Used once in 30 minutes, it goes on.
    for half_hours in 2..20 {
        harness.at(half_hours * 30 * MINUTE);
        assert!(harness.is_there(&used).await, "{half_hours}");
    }
    harness.at((19 * 30 + 31) * MINUTE);
    assert!(!harness.is_there(&used).await);
    harness.at(19 * 30 * MINUTE);
    assert!(harness.is_there(&used).await, "the request that came too late was no use of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_ends_after_twelve_hours_of_use() {
    assert_eq!(AGE, Duration::from_secs(12 * 3_600));
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    for minutes in (10..720).step_by(10) {
        harness.at(minutes * MINUTE);
        let ends_at = harness.find(&own).await.expect("it is there").ends_at.jiff().as_millisecond();
        assert_eq!(ends_at, START + (minutes + 30).min(720) * MINUTE);
    }
    harness.at(12 * HOUR - 1);
    assert!(harness.is_there(&own).await);
    harness.at(12 * HOUR);
    assert!(!harness.is_there(&own).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_use_of_a_sign_in_is_written_once_in_a_minute() {
    let harness = Harness::start().await;
    let other = harness.reopened().await;
    let own = harness.begin(&caller("a")).await;
    let seen_at = async |at: i64| {
        harness.at(at);
        let headers = headers(&[&own]);
        let (one, two) = tokio::join!(harness.sign_ins.find(&headers), other.find(&headers));
        assert!(one.expect("is read").is_some() && two.expect("is read").is_some());
        harness.world.stored().await[0].seen_at - START
    };
    assert_eq!(seen_at(0).await, 0);
    assert_eq!(seen_at(MINUTE - 1).await, 0);
    assert_eq!(seen_at(MINUTE).await, MINUTE);
    assert_eq!(seen_at(2 * MINUTE - 1).await, MINUTE);
    assert_eq!(seen_at(5 * MINUTE).await, 5 * MINUTE);
    // A clock that is behind takes nothing back.
    assert_eq!(seen_at(3 * MINUTE).await, 5 * MINUTE);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_at_the_same_time_are_one_use() {
    let harness = Harness::start().await;
    let other = harness.reopened().await;
    let own = harness.begin(&caller("a")).await;
    harness.world.count_updates().await;
    harness.at(10 * MINUTE);
    let request = |n: usize| {
        let (sign_ins, headers) = ([&harness.sign_ins, &other][n % 2].clone(), headers(&[&own]));
        async move { sign_ins.find(&headers).await.map(|found| found.is_some()) }
    };
    let requests: JoinSet<_> = (0..40).map(request).collect();
    for found in requests.join_all().await {
        assert!(found.expect("is read"));
    }
    assert_eq!(harness.world.updates().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_that_cannot_be_written_is_served() {
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    harness.world.refuse_updates().await;
    harness.at(20 * MINUTE);
    let found = harness.find(&own).await.expect("it is there");
    assert_eq!(found.ends_at.jiff().as_millisecond(), START + 31 * MINUTE, "its use is not known later on");
    assert_eq!(harness.world.stored().await[0].seen_at, START);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_has_twenty_sign_ins_and_the_oldest_end() {
    assert_eq!(PER_CALLER_MAX, 20);
    let harness = Harness::start().await;
    let neighbour = event_core::Caller { issuer: "https://id.exampla".parse().expect("an issuer"), ..caller("a") };
    let others = [harness.begin(&caller("b")).await, harness.begin(&neighbour).await];
    let mut own = Vec::new();
    for n in 0..23 {
        harness.at(n);
        own.push(harness.begin(&caller("a")).await);
    }
    for (n, cookie) in own.iter().enumerate() {
        assert_eq!(harness.is_there(cookie).await, n >= 3, "{n}");
    }
    for other in &others {
        assert!(harness.is_there(other).await, "it belongs to another caller");
    }
    // Even if its clock is behind, the new one is not the one that ends.
    harness.at(-HOUR);
    let last = harness.begin(&caller("a")).await;
    assert!(harness.is_there(&last).await && !harness.is_there(&own[3]).await);
    assert_eq!(harness.world.stored().await.len(), 22);
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeping_deletes_what_has_ended_and_nothing_else() {
    let harness = Harness::start().await;
    let (used, _unused) = (harness.begin(&caller("a")).await, harness.begin(&caller("b")).await);
    harness.at(5 * MINUTE);
    assert!(harness.is_there(&used).await);
    harness.at(31 * MINUTE - 1);
    harness.sign_ins.sweep().await.expect("it sweeps");
    assert_eq!(harness.world.stored().await.len(), 2);
    harness.at(31 * MINUTE);
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (sign_ins, stop) = (harness.sign_ins.clone(), stop.clone());
        async move { sign_ins.run(stop).await }
    });
    eventually(async || harness.world.stored().await.len() < 2).await;
    stop.cancel();
    running.await.expect("it ends when it is stopped");
    assert!(harness.is_there(&used).await);
    // One that has ended by its age is deleted soon after.
    for minutes in (40..720).step_by(20) {
        harness.at(minutes * MINUTE);
        assert!(harness.is_there(&used).await);
    }
    harness.at(12 * HOUR + 31 * MINUTE);
    harness.sign_ins.sweep().await.expect("it sweeps");
    assert_eq!(harness.world.stored().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_deletes_more_than_one_statement_does() {
    let harness = Harness::start().await;
    harness.begin(&caller("a")).await;
    harness.world.multiply(2_500).await;
    assert_eq!(harness.world.stored().await.len(), 2_501);
    harness.at(HOUR);
    harness.sign_ins.sweep().await.expect("it sweeps");
    assert_eq!(harness.world.stored().await, []);
}
