//! Drafts: what a visitor has typed between the pages of a form.

use http_edge::SignInPort;
use sign_ins::{DRAFT_BYTES_MAX, DRAFTS_MAX};

use crate::harness::{Harness, MINUTE, caller, cookie, headers};

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_kept_for_its_sign_in_and_replaced_by_a_newer_one() {
    let harness = Harness::start().await;
    let (own, other) = (harness.begin(&caller("a")).await, harness.begin(&caller("a")).await);
    let (own, other) = (headers(&[&own]), headers(&[&other]));
    let sign_ins = &harness.sign_ins;
    assert_eq!(sign_ins.kept(&own, "booking").await.expect("read"), None);
    for text in ["a sore knee", "both knees", ""] {
        sign_ins.keep(&own, "booking", text).await.expect("kept");
        let elsewhere = harness.reopened().await;
        assert_eq!(elsewhere.kept(&own, "booking").await.expect("read").as_deref(), Some(text));
    }
    assert_eq!(sign_ins.kept(&own, "donation").await.expect("read"), None);
    assert_eq!(sign_ins.kept(&other, "booking").await.expect("read"), None);
    assert_eq!(sign_ins.kept(&headers(&[]), "booking").await.expect("read"), None);
    sign_ins.keep(&headers(&[]), "booking", "of a visitor without a sign-in").await.expect("nothing to keep it for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_has_a_limited_number_of_drafts_and_takes_them_along() {
    let harness = Harness::start().await;
    let cookie = harness.begin(&caller("a")).await;
    let (own, sign_ins) = (headers(&[&cookie]), &harness.sign_ins);
    for number in 0..=DRAFTS_MAX {
        harness.at(i64::from(number));
        sign_ins.keep(&own, &format!("draft {number}"), "text").await.expect("kept");
    }
    assert_eq!(sign_ins.kept(&own, "draft 0").await.expect("read"), None, "the oldest is gone");
    assert!(sign_ins.kept(&own, "draft 1").await.expect("read").is_some());
    let longest = "x".repeat(DRAFT_BYTES_MAX);
    sign_ins.keep(&own, "draft 1", &longest).await.expect("kept");
    assert_eq!(sign_ins.keep(&own, "draft 1", &format!("{longest}x")).await.expect_err("too long").code(), "internal");
    sign_ins.end(&own).await.expect("it ends");
    assert_eq!(sign_ins.kept(&own, "draft 1").await.expect("read"), None);
    sign_ins.keep(&own, "draft 1", "text").await.expect("there is no sign-in to keep it for");
    assert_eq!(sign_ins.kept(&own, "draft 1").await.expect("read"), None);
    assert_eq!(harness.world.sealed_drafts().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_are_swept_with_the_sign_ins_of_their_time() {
    let harness = Harness::start().await;
    let own = headers(&[&harness.begin(&caller("a")).await]);
    harness.sign_ins.keep(&own, "booking", "text").await.expect("kept");
    harness.at(30 * MINUTE);
    harness.sign_ins.sweep().await.expect("sweeps");
    assert_eq!(harness.world.sealed_drafts().await.len(), 1);
    harness.at(32 * MINUTE);
    harness.sign_ins.sweep().await.expect("sweeps");
    assert_eq!(harness.world.sealed_drafts().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_holds_no_word_of_a_draft() {
    let harness = Harness::start().await;
    let cookie = harness.begin(&caller("a")).await;
    harness.sign_ins.keep(&headers(&[&cookie]), "booking", "a sore knee").await.expect("kept");
    let stored = harness.world.sealed_drafts().await;
    assert_eq!(stored.len(), 1);
    assert!(stored[0].len() > "a sore knee".len() && !stored[0].windows(4).any(|bytes| bytes == b"knee"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_takes_the_place_of_another_has_the_drafts_that_go_on_with_it() {
    let harness = Harness::start().await;
    let before = harness.begin(&caller("a")).await;
    let (headers_before, sign_ins) = (headers(&[&before]), &harness.sign_ins);
    sign_ins.keep(&headers_before, "to keep", "a code").await.expect("kept");
    sign_ins.keep(&headers_before, "booking", "a sore knee").await.expect("kept");
    let names = ["to keep", "never kept"];
    let after = SignInPort::begin(sign_ins, &headers_before, &caller("b"), "Bea", &names).await.expect("it begins");
    let after = cookie(&after);
    assert!(!harness.is_there(&before).await, "the one before has ended");
    assert_eq!(harness.find(&after).await.expect("it is there").caller, caller("b"));
    let after = headers(&[&after]);
    assert_eq!(sign_ins.kept(&after, "to keep").await.expect("read").as_deref(), Some("a code"));
    assert_eq!(sign_ins.kept(&after, "booking").await.expect("read"), None);
    assert_eq!(harness.world.sealed_drafts().await.len(), 1);
}
