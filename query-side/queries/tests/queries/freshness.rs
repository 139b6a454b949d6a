//! The freshness of an answer, and the headers that report it.

use axum::http::StatusCode;
use event_core::StreamName;
use event_log::{Append, Condition, Expected, NewEvent, Provenance};
use futures::poll;
use uuid::Uuid;

use crate::harness::{Harness, SITE, somebody_new, staff, themselves};

const MONDAY: &str = "A12345.0000000000M1";

#[tokio::test]
async fn an_answer_waits_until_its_view_has_come_to_the_position() {
    let harness = Harness::still().await;
    let opened = harness.open_practice(SITE).await;
    let path = format!("/practices?after={opened}");
    let me = staff(SITE);
    let mut waiting = Box::pin(harness.get(&me, &path));
    assert!(poll!(&mut waiting).is_pending());
    harness.follow();
    let answer = waiting.await;
    assert_eq!(answer.header("frontdoor-position"), Some(opened.as_str()));
    assert_eq!((answer.items().len(), answer.header("frontdoor-stale")), (1, None));
}

#[tokio::test]
async fn an_answer_that_is_late_says_so_and_a_strict_one_is_none() {
    let harness = Harness::still().await;
    let opened = harness.open_practice(SITE).await;
    let me = staff(SITE);
    let search = format!("/free-slots?site={SITE}&from=2026-03-23&until=2026-03-24&after={opened}");
    let (stale, strict) = (format!("/practices?after={opened}"), format!("/practices?after={opened}&strict=true"));
    let (no, strict_no) = (search.clone(), format!("{search}&strict=true"));
    let (stale, strict, no, strict_no) = tokio::join!(
        harness.get(&me, &stale),
        harness.get(&me, &strict),
        harness.get(&me, &no),
        harness.get(&me, &strict_no)
    );
    assert_eq!((stale.status, stale.header("frontdoor-stale")), (StatusCode::OK, Some("true")));
    assert_eq!(stale.header("frontdoor-position"), Some("care:0"));
    assert_eq!(strict.problem(), (504, "view-behind".into()));
    // The stale view does not have the practice yet: the refusal is as stale, and a strict request does not get it.
    assert_eq!(no.problem(), (404, "practice-not-found".into()));
    assert_eq!((no.header("frontdoor-stale"), no.header("frontdoor-position")), (Some("true"), Some("care:0")));
    assert_eq!(strict_no.problem(), (504, "view-behind".into()));
}

#[tokio::test]
async fn a_position_beyond_the_end_of_the_log_is_unknown() {
    let harness = Harness::new().await;
    let me = staff(SITE);
    for path in ["/practices?after=care:1", "/practices?after=care:999999999999999999"] {
        assert_eq!(harness.get(&me, path).await.problem(), (409, "unknown-position".into()), "{path}");
    }
    assert_eq!(harness.get(&me, "/practices?after=care:0").await.status, StatusCode::OK);
    for malformed in ["17", "care:", "access:0", "care:-1"] {
        let answer = harness.get(&me, &format!("/practices?after={malformed}")).await;
        assert_eq!(answer.problem(), (400, "malformed".into()), "{malformed}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/after");
    }
}

#[tokio::test]
async fn a_view_that_has_stopped_goes_on_serving_and_says_so_and_the_others_go_on() {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    harness.publish(MONDAY, "2026-03-23", "10:00", 20, "gp-routine").await;
    let booked = harness.book(alice, MONDAY, "2026-03-23T09:00:00Z").await;
    let mine = format!("/patients/{alice}/appointments?after={booked}");
    let me = themselves(alice, "P9");
    let fresh = harness.get(&me, &mine).await;
    assert_eq!((fresh.items().len(), fresh.header("frontdoor-stale")), (1, None));

    let stream = StreamName::of("diary", somebody_new());
    let unknown = NewEvent {
        stream: stream.clone(),
        id: Uuid::now_v7(),
        kind: "appointment.from-tomorrow.v1",
        data: b"{}".as_slice().into(),
    };
    let provenance = Provenance::by(r#"{"id":"tomorrow","role":"operator","organisation":null,"level":null}"#);
    let append = Append {
        conditions: vec![Condition { stream, expected: Expected::Revision(0) }],
        events: vec![unknown],
        provenance,
        idempotency: None,
        depends_on: vec![],
        may_use_reserve: false,
    };
    harness.log.append(append).await.expect("stored");
    harness.views.caught_up(harness.log.end()).await;

    let stale = harness.get(&me, &mine).await;
    assert_eq!((stale.items(), stale.header("frontdoor-stale")), (fresh.items(), Some("true")));
    assert_eq!(stale.header("frontdoor-position"), Some(booked.as_str()));
    let end = format!("care:{}", harness.log.end());
    let practices = harness.get(&me, &format!("/practices?after={end}")).await;
    assert_eq!(
        (practices.header("frontdoor-position"), practices.header("frontdoor-stale")),
        (Some(end.as_str()), None)
    );
}

#[tokio::test]
async fn an_answer_that_needs_not_wait_is_given_at_once() {
    let harness = Harness::still().await;
    harness.open_practice(SITE).await;
    let me = staff(SITE);
    let answer = harness.get(&me, "/practices").await;
    assert_eq!((answer.items().len(), answer.header("frontdoor-position")), (0, Some("care:0")));
    assert_eq!(answer.header("frontdoor-stale"), None, "nothing newer was asked for");
}
