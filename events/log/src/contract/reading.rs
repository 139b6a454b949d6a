//! Pages, streams, and wake-ups.

use std::time::Duration;

use super::{
    StoreWorld,
    speech::{Say, request, stored, stream},
};
use event_core::Raw;

use crate::{
    FromLog, Log,
    feed::{Feed, Feeds},
    port::limits,
};

/// Much longer than any wake-up takes: after this time it has not happened.
const WAKE_MAX: Duration = Duration::from_secs(20);

pub async fn a_page_has_as_many_events_as_were_asked_for(world: StoreWorld) {
    let log = world.open().await;
    let ten = (0..10).fold(request().on("a", 0), |request, _| request.event("a"));
    stored(&log, ten).await;
    for (after, limit, expected) in [(0, 3, 1..4), (3, 3, 4..7), (9, 3, 10..11), (0, 0, 1..1), (4, 100, 5..11)] {
        let page = log.read(after, limit).await.expect("readable");
        let positions: Vec<u64> = page.into_iter().map(|event| event.position).collect();
        assert_eq!(positions, expected.collect::<Vec<u64>>(), "after {after}, {limit} at most");
    }
}

/// The number of large events that exceed a page, and the number that fill one.
const BEYOND_A_PAGE: usize = 2;
const OF_A_PAGE: usize = limits::PAGE_BYTES_MAX / limits::DATA_BYTES_MAX;

/// Appends events of the largest size to one stream; returns their number.
async fn larger_than_a_page(log: &Log) -> u64 {
    let large = vec![b'x'; limits::DATA_BYTES_MAX];
    let all = (0..OF_A_PAGE + BEYOND_A_PAGE).fold(request().on("a", 0), |request, _| request.data("a", &large));
    stored(log, all).await.len() as u64
}

fn positions(page: impl IntoIterator<Item = Raw>) -> Vec<u64> {
    page.into_iter().map(|event| event.position).collect()
}

/// The trap: a reader takes a page that ended early, because of its bytes, for the whole requested range.
pub async fn a_page_is_bounded_in_bytes_and_says_how_far_it_goes(world: StoreWorld) {
    let log = world.open().await;
    let end = larger_than_a_page(&log).await;
    let first: Vec<u64> = (1..=OF_A_PAGE as u64).collect();
    let rest: Vec<u64> = (OF_A_PAGE as u64 + 1..=end).collect();
    let page = log.read(0, usize::MAX).await.expect("readable");
    assert_eq!(positions(page), first);
    assert_eq!(positions(log.read(OF_A_PAGE as u64, usize::MAX).await.expect("readable")), rest);
    for reaching in [true, false] {
        let read = async |after| match reaching {
            true => log.read_range(&[], after, end).await.expect("readable"),
            false => log.read_without(&[], after, usize::MAX).await.expect("readable"),
        };
        let page = read(0).await;
        assert_eq!((page.after, page.complete_until()), (0, OF_A_PAGE as u64));
        assert_eq!(positions(page), first);
        let page = read(OF_A_PAGE as u64).await;
        assert_eq!((page.after, page.complete_until()), (OF_A_PAGE as u64, end));
        assert_eq!(positions(page), rest);
    }
}

/// The same with kinds that are passed over: the page is complete up to its last event, not up to the requested
/// position.
pub async fn a_page_without_some_kinds_is_bounded_in_bytes_and_says_how_far_it_goes(world: StoreWorld) {
    let log = world.open().await;
    let other = "appointment.booked.v1";
    let large = vec![b'x'; limits::DATA_BYTES_MAX];
    let both = (0..OF_A_PAGE + BEYOND_A_PAGE)
        .fold(request().on("a", 0), |request, _| request.event("a").kind(other).data("a", &large));
    let end = stored(&log, both).await.len() as u64;
    let page = log.read_without(&[other], 0, usize::MAX).await.expect("readable");
    let reached = 2 * OF_A_PAGE as u64;
    assert_eq!((page.len(), page.complete_until()), (OF_A_PAGE, reached));
    let rest = log.read_without(&[other], reached, usize::MAX).await.expect("readable");
    assert_eq!((rest.after, rest.complete_until()), (reached, end));
    assert_eq!(positions(rest), [end - 2, end]);
}

pub async fn a_page_of_a_stream_is_bounded_in_bytes_and_says_whether_there_is_more(world: StoreWorld) {
    let log = world.open().await;
    let end = larger_than_a_page(&log).await;
    let page = log.read_stream(&stream("a"), 1, usize::MAX).await.expect("readable");
    assert_eq!((page.len(), page.goes_on), (OF_A_PAGE, true));
    let rest = log.read_stream(&stream("a"), OF_A_PAGE as u64 + 1, usize::MAX).await.expect("readable");
    assert_eq!((rest.len(), rest.goes_on), (BEYOND_A_PAGE, false));
    for (from, limit, goes_on) in [(1, 3, true), (end - 1, 2, false), (end - 1, 1, true), (end + 1, 1, false)] {
        let page = log.read_stream(&stream("a"), from, limit).await.expect("readable");
        assert_eq!(page.goes_on, goes_on, "{limit} from {from}");
    }
}

/// The trap: a state that is folded from only a part of its stream.
pub async fn streams_are_read_whole_however_many_bytes_they_have(world: StoreWorld) {
    let log = world.open().await;
    let end = larger_than_a_page(&log).await;
    let read = log.read_streams(&[stream("a")]).await.expect("readable").remove(0);
    assert!(read.iter().map(|event| event.position).eq(1..=end));
}

/// The same trap for followers.
pub async fn the_feed_gives_every_event_once_and_in_order_however_large_they_are(world: StoreWorld) {
    let log = world.open().await;
    let end = larger_than_a_page(&log).await;
    let mut feed = FromLog::after(log.clone(), 0, limits::PAGE_EVENTS_MAX, Vec::new());
    let mut seen = Vec::new();
    while (seen.len() as u64) < end {
        let page = feed.next().await.expect("readable");
        assert_eq!(page.after, seen.last().copied().unwrap_or_default());
        seen.extend(positions(page));
    }
    assert_eq!(seen, (1..=end).collect::<Vec<u64>>());
}

pub async fn a_reader_may_pass_kinds_over_and_still_learns_how_far_a_page_goes(world: StoreWorld) {
    let log = world.open().await;
    let (one, other) = ("appointment.slot-taken.v1", "appointment.booked.v1");
    let kind = |n| if n % 5 == 0 { one } else { other };
    let ten = (0..10).fold(request().on("a", 0), |request, n| request.event("a").kind(kind(n)));
    stored(&log, ten).await;
    for (passed_over, after, limit, expected) in [
        (vec![other], 0, 10, vec![1, 6, 10]),
        (vec![other], 0, 3, vec![1, 3]),
        (vec![other], 6, 100, vec![10]),
        (vec![one, other], 2, 4, vec![6]),
        (vec![], 7, 100, vec![8, 9, 10]),
        (vec![one], 10, 100, vec![]),
        (vec![one], 3, 0, vec![]),
    ] {
        let page = log.read_without(&passed_over, after, limit).await.expect("readable");
        let positions: Vec<u64> = page.into_iter().map(|event| event.position).collect();
        assert_eq!(positions, expected, "after {after}, {limit} at most, without {passed_over:?}");
    }
}

pub async fn beyond_the_end_there_is_nothing(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a")).await;
    assert!(log.read(1, 10).await.expect("readable").is_empty());
    assert!(log.read(u64::MAX, 10).await.expect("readable").is_empty());
    assert!(log.read_stream(&stream("a"), 2, 10).await.expect("readable").is_empty());
    assert!(log.read_stream(&stream("none"), 1, 10).await.expect("readable").is_empty());
}

pub async fn a_stream_is_read_from_a_revision_on(world: StoreWorld) {
    let log = world.open().await;
    for revision in 0..5 {
        stored(&log, request().on("a", revision).on("b", revision).event("b").event("a")).await;
    }
    let read = log.read_stream(&stream("a"), 2, 3).await.expect("readable");
    let places: Vec<_> = read.iter().map(|event| (event.revision, event.position)).collect();
    assert_eq!(places, [(2, 4), (3, 6), (4, 8)]);
}

pub async fn several_streams_are_read_in_the_order_in_which_they_were_asked_for(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).on("b", 0).event("a").event("b").event("a")).await;
    let asked = [stream("b"), stream("none"), stream("a"), stream("b")];
    let read = log.read_streams(&asked).await.expect("readable");
    let positions: Vec<Vec<u64>> =
        read.iter().map(|events| events.iter().map(|event| event.position).collect()).collect();
    assert_eq!(positions, [vec![2], vec![], vec![1, 3], vec![2]]);
    assert!(log.read_streams(&[]).await.expect("readable").is_empty());
}

/// The trap: a watcher is woken for an event that is not durable yet, or not woken at all.
pub async fn the_watch_wakes_when_the_event_can_be_read(world: StoreWorld) {
    let log = world.open().await;
    for position in 1..=20 {
        let mut watch = log.watch();
        let submission = log.submit(request().on(position, 0).event(position)).expect("submitted");
        let woken = tokio::time::timeout(WAKE_MAX, watch.wait_for(|end| *end >= position)).await;
        woken.expect("woken in time").expect("the log is open");
        assert_eq!(log.read(position - 1, 1).await.expect("readable").len(), 1);
        submission.outcome.await.expect("stored");
    }
}

pub async fn the_feed_gives_every_event_once_and_in_order(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a").event("a").event("a")).await;
    let following = tokio::spawn({
        let mut feed = FromLog::after(log.clone(), 1, 4, Vec::new());
        async move {
            let mut seen = Vec::new();
            while seen.len() < 22 {
                seen.extend(feed.next().await.expect("readable").into_iter().map(|event| event.position));
            }
            seen
        }
    });
    for n in 0..20 {
        stored(&log, request().on(n, 0).event(n)).await;
    }
    let seen = tokio::time::timeout(WAKE_MAX, following).await.expect("woken in time").expect("no panic");
    assert_eq!(seen, (2..=23).collect::<Vec<u64>>());
}

/// Followers share the newest events in memory, and each has the kinds that it wants, wherever it is.
pub async fn the_feeds_of_several_followers_give_each_the_kinds_that_it_wants(world: StoreWorld) {
    const ROUNDS: u64 = 25;
    const EVENTS: u64 = 50;
    let log = world.open().await;
    let (one, other) = ("appointment.slot-taken.v1", "appointment.booked.v1");
    let feed = |passed_over| log.after(0, None, passed_over);
    let (mut all, mut some, mut late) = (feed(vec![]), feed(vec![one]), feed(vec![other]));
    // One that is behind, but not further than the events that are kept.
    let mut behind = feed(vec![]);
    let mut behind_seen = Vec::new();
    let (mut all_seen, mut some_seen, mut late_seen) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let kind = |n: u64| if n.is_multiple_of(3) { one } else { other };
        let events = (0..EVENTS).fold(request().on("a", round * EVENTS), |request, n| request.event("a").kind(kind(n)));
        stored(&log, events).await;
        let page = some.next().await.expect("readable");
        assert_eq!(page, log.read_without(&[one], page.after, usize::MAX).await.expect("readable"));
        some_seen.extend(positions(page));
        all_seen.extend(positions(all.next().await.expect("readable")));
        if round % 7 == 6 {
            behind_seen.extend(positions(behind.next().await.expect("readable")));
        }
    }
    let end = ROUNDS * EVENTS;
    assert_eq!(all_seen, (1..=end).collect::<Vec<u64>>());
    assert_eq!(behind_seen, (1..=21 * EVENTS).collect::<Vec<u64>>());
    while late_seen.last() != Some(&end) {
        late_seen.extend(positions(late.next().await.expect("readable")));
    }
    let is_one = |position: &u64| ((position - 1) % EVENTS).is_multiple_of(3);
    some_seen.retain(|position| !is_one(position));
    assert_eq!(some_seen, (1..=end).filter(|position| !is_one(position)).collect::<Vec<u64>>());
    late_seen.retain(is_one);
    assert_eq!(late_seen, (1..=end).filter(is_one).collect::<Vec<u64>>());
}

pub async fn a_log_that_is_open_is_healthy(world: StoreWorld) {
    let log = world.open().await;
    log.healthy().await.expect("an empty log is healthy");
    stored(&log, request().on("a", 0).event("a")).await;
    log.healthy().await.expect("a log is healthy");
}
