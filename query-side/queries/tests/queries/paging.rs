//! Cursors: a walk over a list loses nothing and doubles nothing, also while the list changes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{ELSEWHERE, Harness, SITE, somebody_new, themselves};

/// More pages than any walk here has.
const PAGES_MAX: usize = 50;

fn named(slot: &Value) -> String {
    let text = |name: &str| slot[name].as_str().expect("a text");
    format!("{} {}", text("startsAt"), text("session"))
}

/// The page of a search at this cursor, and the cursor of the next one.
async fn page(harness: &Harness, who: &Value, search: &str, cursor: Option<&str>) -> (Vec<String>, Option<String>) {
    let path = cursor.map_or_else(|| search.to_owned(), |cursor| format!("{search}&cursor={cursor}"));
    let answer = harness.get(who, &path).await;
    (answer.items().iter().map(named).collect(), answer.json()["next"].as_str().map(str::to_owned))
}

async fn walk(harness: &Harness, who: &Value, search: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor = None;
    while pages.len() < PAGES_MAX {
        let (found, next) = page(harness, who, search, cursor.as_deref()).await;
        pages.push(found);
        match next {
            Some(next) => cursor = Some(next),
            None => return pages,
        }
    }
    panic!("the walk does not end: {} pages", pages.len());
}

/// Sessions that begin together on each day, of 160 slots of a minute each.
const SESSIONS_A_DAY: u32 = 3;

/// A practice with 480 slots a day from 23 March on.
async fn full_house(days: u32) -> (Harness, Value, String) {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    let mut after = harness.register(alice, SITE).await;
    for n in 0..days * SESSIONS_A_DAY {
        let (session, on) = (format!("A12345.0000000000{n:02}"), format!("2026-03-{}", 23 + n / SESSIONS_A_DAY));
        after = harness.publish(&session, &on, "11:40", 1, "gp-routine").await;
    }
    (harness, themselves(alice, "P9"), after)
}

#[tokio::test]
async fn a_walk_over_more_than_a_thousand_slots_sees_each_once_and_in_order() {
    let (harness, me, after) = full_house(3).await;
    for (limit, pages_expected) in [(77, 19), (480, 3), (500, 3)] {
        let search = format!("/free-slots?site={SITE}&from=2026-03-23&until=2026-03-25&after={after}&limit={limit}");
        let pages = walk(&harness, &me, &search).await;
        let all = pages.concat();
        assert_eq!((all.len(), pages.len()), (1_440, pages_expected), "pages of {limit}");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 1_440, "pages of {limit}: one comes twice");
        assert!(all.is_sorted(), "pages of {limit}");
    }
}

#[tokio::test]
async fn a_walk_goes_on_where_it_was_while_slots_are_booked_before_and_behind_it() {
    let (harness, me, after) = full_house(1).await;
    let alice = me["sub"].as_str().expect("a subject").parse().expect("a subject");
    let search = format!("/free-slots?site={SITE}&from=2026-03-23&until=2026-03-23&limit=100");
    let (first, next) = page(&harness, &me, &format!("{search}&after={after}"), None).await;
    // The row at which the cursor stands, and one that is yet to come.
    harness.book(alice, "A12345.000000000000", "2026-03-23T09:33:00Z").await;
    let booked = harness.book(alice, "A12345.000000000000", "2026-03-23T11:00:00Z").await;
    let (mut all, mut cursor) = (first, next);
    while let Some(next) = cursor {
        let (found, beyond) = page(&harness, &me, &format!("{search}&after={booked}"), Some(&next)).await;
        all.extend(found);
        cursor = beyond;
    }
    assert_eq!(all.len(), 479);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 479);
    assert!(!all.iter().any(|slot| slot == "2026-03-23T11:00:00Z A12345.000000000000"));
}

#[tokio::test]
async fn a_search_that_finds_nothing_looks_at_a_limited_number_of_slots_at_a_time() {
    let (harness, me, after) = full_house(9).await;
    let search = format!("/free-slots?site={SITE}&from=2026-03-23&until=2026-04-05&service=podiatry&after={after}");
    let pages = walk(&harness, &me, &search).await;
    assert_eq!(pages, [Vec::<String>::new(), Vec::new()], "4,320 slots are more than one request looks at");
}

#[tokio::test]
async fn a_cursor_that_comes_with_another_question_is_refused() {
    let (harness, me, after) = full_house(1).await;
    let days = "from=2026-03-23&until=2026-03-23";
    let (_, next) = page(&harness, &me, &format!("/free-slots?site={SITE}&{days}&limit=9&after={after}"), None).await;
    let next = next.expect("there is more");
    for other in [
        format!("/free-slots?site={ELSEWHERE}&{days}"),
        format!("/free-slots?site={SITE}&{days}&service=gp-routine"),
        format!("/free-slots?site={SITE}&from=2026-03-22&until=2026-03-23"),
        "/practices?limit=5".to_owned(),
    ] {
        let refused = harness.get(&me, &format!("{other}&cursor={next}")).await;
        assert_eq!(refused.problem(), (400, "malformed".into()), "{other}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/cursor", "{other}");
    }
    let (more, _) = page(&harness, &me, &format!("/free-slots?{days}&site={SITE}&limit=3"), Some(&next)).await;
    assert_eq!(more.len(), 3, "another size and order of parameters are the same question");
}

#[tokio::test]
async fn practices_are_walked_like_slots() {
    let harness = Harness::new().await;
    let mut after = String::new();
    for n in 0..7 {
        after = harness.open_practice(&format!("A1234{n}")).await;
    }
    let me = themselves(somebody_new(), "P9");
    let (mut codes, mut next) = (Vec::new(), String::new());
    for pages in [3, 3, 1] {
        let answer = harness.get(&me, &format!("/practices?limit=3&after={after}{next}")).await;
        assert_eq!(answer.items().len(), pages);
        codes.extend(answer.items().iter().map(|practice| practice["practice"].as_str().expect("a code").to_owned()));
        next = answer.json()["next"].as_str().map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
    }
    assert_eq!((codes.len(), next.as_str()), (7, ""));
    assert!(codes.is_sorted());
}
