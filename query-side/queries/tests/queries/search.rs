//! The search for free slots: its results and its refusals.

use serde_json::{Value, json};

use crate::harness::{Harness, SITE, somebody_new, themselves};

const FIRST: &str = "A12345.0000000000A1";

fn starts(slots: &[Value]) -> Vec<&str> {
    slots.iter().map(|slot| slot["startsAt"].as_str().expect("a start")).collect()
}

/// A practice with a patient and one session of three slots on Monday, 23 March.
async fn harness() -> (Harness, Value, String) {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    let published = harness.publish(FIRST, "2026-03-23", "10:00", 20, "gp-routine").await;
    (harness, themselves(alice, "P0"), published)
}

#[tokio::test]
async fn a_held_slot_is_gone_and_comes_back_when_the_hold_expires_without_any_event() {
    let (harness, me, _) = harness().await;
    let hold = json!({"session": FIRST, "startsAt": "2026-03-23T09:20:00Z", "patient": me["sub"]});
    let held = harness.give(&me, "hold-slot", hold).await;
    let search = format!("/free-slots?site={SITE}&from=2026-03-23&until=2026-03-23&after={held}");
    let found = async |now: &str| {
        harness.it_is(now);
        harness.get(&me, &search).await.items()
    };
    let all = ["2026-03-23T09:00:00Z", "2026-03-23T09:20:00Z", "2026-03-23T09:40:00Z"];
    assert_eq!(starts(&found("2026-03-20T09:00:00Z").await), [all[0], all[2]]);
    assert_eq!(starts(&found("2026-03-20T09:04:59Z").await), [all[0], all[2]]);
    assert_eq!(starts(&found("2026-03-20T09:05:00Z").await), all);
    assert_eq!(format!("care:{}", harness.log.end()), held, "nothing was written");
}

#[tokio::test]
async fn only_slots_of_the_service_and_channel_that_were_asked_for_are_found() {
    let (harness, me, _) = harness().await;
    let after = harness.publish("A12345.0000000000A2", "2026-03-23", "09:30", 30, "vaccination-covid-19").await;
    let search = format!("/free-slots?site={SITE}&from=2026-03-23&until=2026-03-23&after={after}");
    for (filter, slots) in [
        ("", 4),
        ("&service=gp-routine", 3),
        ("&service=vaccination-covid-19", 1),
        ("&service=gp-routine&channel=in-person", 3),
        ("&channel=video", 0),
        ("&service=podiatry", 0),
    ] {
        assert_eq!(harness.get(&me, &format!("{search}{filter}")).await.items().len(), slots, "{filter}");
    }
}

#[tokio::test]
async fn what_has_begun_and_what_is_beyond_the_booking_window_is_not_found() {
    let (harness, me, _) = harness().await;
    // 42 days after 20 March.
    harness.publish("A12345.0000000000A3", "2026-05-01", "09:20", 20, "gp-routine").await;
    let after = harness.publish("A12345.0000000000A4", "2026-05-02", "09:20", 20, "gp-routine").await;
    let may = format!("/free-slots?site={SITE}&from=2026-05-01&until=2026-05-02&after={after}");
    assert_eq!(starts(&harness.get(&me, &may).await.items()), ["2026-05-01T08:00:00Z"]);
    harness.it_is("2026-03-21T00:00:00Z");
    assert_eq!(harness.get(&me, &may).await.items().len(), 2);

    harness.it_is("2026-03-23T09:20:00Z");
    let monday = format!("/free-slots?site={SITE}&from=2026-03-23&until=2026-03-23&after={after}");
    assert_eq!(starts(&harness.get(&me, &monday).await.items()), ["2026-03-23T09:40:00Z"]);
}

#[tokio::test]
async fn the_days_of_a_search_are_those_of_london() {
    let (harness, me, _) = harness().await;
    // The clocks have gone forward: nine in London is eight in Greenwich, and the day began at 23:00 of the day before.
    let after = harness.publish("A12345.0000000000A5", "2026-03-30", "09:20", 20, "gp-routine").await;
    for (from, until, found) in [
        ("2026-03-23", "2026-03-30", 4),
        ("2026-03-24", "2026-03-29", 0),
        ("2026-03-30", "2026-03-30", 1),
        ("2026-03-31", "2026-04-02", 0),
    ] {
        let search = format!("/free-slots?site={SITE}&from={from}&until={until}&after={after}");
        assert_eq!(harness.get(&me, &search).await.items().len(), found, "{from} to {until}");
    }
}

#[tokio::test]
async fn what_a_search_cannot_be_is_refused_and_named() {
    let (harness, me, after) = harness().await;
    let get = async |query: &str| harness.get(&me, &format!("/free-slots?after={after}&{query}")).await;
    let fortnight = get("site=A12345&from=2026-03-23&until=2026-04-05").await;
    assert_eq!(fortnight.items().len(), 3);
    let longer = get("site=A12345&from=2026-03-23&until=2026-04-06").await;
    assert_eq!((longer.problem(), &longer.json()["daysMax"]), ((422, "range-too-long".into()), &json!(14)));
    let unknown = get("site=Z99999&from=2026-03-23&until=2026-03-23").await;
    assert_eq!(unknown.problem(), (404, "practice-not-found".into()));
    for (query, pointer) in [
        ("site=A12345&from=2026-03-23&until=2026-03-23&doctor=ada", "/doctor"),
        ("site=A12345&from=2026-03-23&until=2026-03-23&site=B54321", "/site"),
        ("site=a%2F&from=2026-03-23&until=2026-03-23", "/site"),
        ("site=A12345&from=2026-02-30&until=2026-03-23", "/from"),
        ("site=A12345&from=2026-03-23&until=2026-03-22", "/until"),
        ("site=A12345&from=2026-03-23", "/until"),
        ("site=A12345&from=2026-03-23&until=2026-03-23&channel=pigeon", "/channel"),
        ("site=A12345&from=2026-03-23&until=2026-03-23&limit=501", "/limit"),
        ("site=A12345&from=2026-03-23&until=2026-03-23&cursor=AAAA", "/cursor"),
        ("site=A12345&from=2026-03-23&until=2026-03-23&strict=maybe", "/strict"),
    ] {
        let answer = get(query).await;
        assert_eq!(answer.problem(), (400, "malformed".into()), "{query}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{query}: {answer:?}");
    }
}
