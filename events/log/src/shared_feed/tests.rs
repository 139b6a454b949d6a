//! The shared feed, on a log that counts its feeds and their reads.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};

use event_core::testing::recorded;
use futures::future::join_all;

use super::*;

const OTHER: &str = "test.other.v1";

/// A log that counts its feeds and their reads.
struct CountedLog {
    end: watch::Sender<u64>,
    history: AtomicU64,
    /// The size of the data of each event.
    size: AtomicUsize,
    /// The maximum number of events of a page.
    page: AtomicUsize,
    is_gone: AtomicBool,
    feeds: AtomicUsize,
    reads: AtomicUsize,
}

struct CountedFeed {
    log: Arc<CountedLog>,
    last: u64,
    passed_over: Vec<&'static str>,
}

struct Source(Arc<CountedLog>);

impl Feeds for Source {
    fn after(&self, after: u64, _: Option<Uuid>, passed_over: Vec<&'static str>) -> Box<dyn Feed> {
        self.0.feeds.fetch_add(1, SeqCst);
        Box::new(CountedFeed { log: Arc::clone(&self.0), last: after, passed_over })
    }

    fn history(&self) -> u64 {
        self.0.history.load(SeqCst)
    }
}

#[async_trait]
impl Feed for CountedFeed {
    async fn next(&mut self) -> Result<EventPage, LogError> {
        let (mut end, last) = (self.log.end.subscribe(), self.last);
        let until = *end.wait_for(|end| *end > last).await.expect("the log is there");
        self.log.reads.fetch_add(1, SeqCst);
        // Others have the time to ask, too.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        if self.log.is_gone.load(SeqCst) {
            return Err(LogError::Unusable("it does not answer".into()));
        }
        self.last = until.min(last + self.log.page.load(SeqCst) as u64);
        let events = (last + 1..=self.last).map(|position| self.log.event(position)).collect();
        Ok(EventPage { after: last, events }.without(&self.passed_over))
    }
}

impl CountedLog {
    fn with(events: u64) -> Arc<CountedLog> {
        Arc::new(CountedLog {
            end: watch::Sender::new(events),
            history: AtomicU64::new(0),
            size: AtomicUsize::new(0),
            page: AtomicUsize::new(EVENTS_MAX),
            is_gone: AtomicBool::new(false),
            feeds: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
        })
    }

    /// Events with odd positions are of another kind. Their ids depend on the history.
    fn event(&self, position: u64) -> Raw {
        let kind = if position.is_multiple_of(2) { "test.happened.v1" } else { OTHER };
        let id = Uuid::from_u64_pair(self.history.load(SeqCst), position);
        Raw { id, ..recorded(position, kind, vec![b'x'; self.size.load(SeqCst)].into()) }
    }

    /// The numbers of feeds and of reads since the last call.
    fn counted(&self) -> (usize, usize) {
        (self.feeds.swap(0, SeqCst), self.reads.swap(0, SeqCst))
    }
}

fn follower(shared: &SharedFeed, log: &Arc<CountedLog>, after: u64, passed_over: &[&'static str]) -> Box<dyn Feed> {
    let id = (after > 0).then(|| log.event(after).id);
    shared.after(Arc::new(Source(Arc::clone(log))), after, id, passed_over.to_vec())
}

async fn positions(feed: &mut Box<dyn Feed>) -> Vec<u64> {
    feed.next().await.expect("readable").iter().map(|event| event.position).collect()
}

#[tokio::test]
async fn followers_that_are_at_the_end_read_each_event_once() {
    let (shared, log) = (SharedFeed::default(), CountedLog::with(4));
    let mut followers: Vec<_> = (0..36).map(|_| follower(&shared, &log, 4, &[])).collect();
    let mut passing = follower(&shared, &log, 4, &[OTHER]);
    for (end, events, wanted) in [(6, vec![5, 6], vec![6]), (7, vec![7], vec![7]), (10, vec![8, 9, 10], vec![8, 10])] {
        let all = join_all(followers.iter_mut().map(positions));
        let (all, passing, _) = tokio::join!(all, positions(&mut passing), async { log.end.send_replace(end) });
        assert!(all.iter().all(|read| *read == events), "{all:?}");
        assert_eq!(passing, wanted, "the last one, whatever its kind");
        assert_eq!(log.counted(), (usize::from(end == 6), 1));
    }
}

#[tokio::test]
async fn a_follower_that_handles_an_event_misses_none_and_keeps_nobody_waiting() {
    let (shared, log) = (SharedFeed::default(), CountedLog::with(1));
    let (mut quick, mut slow) = (follower(&shared, &log, 0, &[]), follower(&shared, &log, 0, &[]));
    assert_eq!((positions(&mut quick).await, positions(&mut slow).await), (vec![1], vec![1]));
    for end in 2..=5 {
        log.end.send_replace(end);
        assert_eq!(positions(&mut quick).await, [end]);
    }
    // The quick one waits for the next event meanwhile.
    let waits = async { tokio::time::timeout(std::time::Duration::from_secs(60), positions(&mut quick)).await };
    let reads = async {
        assert_eq!(positions(&mut slow).await, [2, 3, 4, 5]);
        log.end.send_replace(6);
    };
    assert_eq!(tokio::join!(waits, reads).0.expect("it comes"), [6]);
    assert_eq!(log.counted(), (1, 6));
}

#[tokio::test]
async fn one_that_is_behind_reads_for_itself_until_it_is_at_the_end() {
    let (shared, log) = (SharedFeed::default(), CountedLog::with(10));
    let mut leads = follower(&shared, &log, 8, &[]);
    assert_eq!(positions(&mut leads).await, [9, 10]);
    log.page.store(4, SeqCst);
    let mut behind = follower(&shared, &log, 0, &[OTHER]);
    assert_eq!((positions(&mut behind).await, positions(&mut behind).await), (vec![2, 4], vec![6, 8]));
    assert_eq!(log.counted(), (2, 3));
    assert_eq!(positions(&mut behind).await, [10], "from memory");
    log.end.send_replace(11);
    assert_eq!((positions(&mut behind).await, positions(&mut leads).await), (vec![11], vec![11]));
    assert_eq!(log.counted(), (0, 1));
}

#[tokio::test]
async fn the_next_one_leads_when_the_leader_ends() {
    let (shared, log) = (SharedFeed::default(), CountedLog::with(1));
    let (mut first, mut second) = (follower(&shared, &log, 1, &[]), follower(&shared, &log, 1, &[]));
    let leads = tokio::spawn(async move { first.next().await.map(|_| ()) });
    tokio::task::yield_now().await;
    let mut waits = Box::pin(positions(&mut second));
    assert!(futures::poll!(&mut waits).is_pending());
    leads.abort();
    assert!(leads.await.is_err_and(|error| error.is_cancelled()));
    log.end.send_replace(2);
    assert_eq!(waits.await, [2]);
    assert_eq!(log.counted(), (1, 1), "and goes on with its feed");
    drop(second);
    assert!(shared.0.lock().expect("not poisoned").upgrade().is_none(), "the feed ends with its last follower");
}

/// The trap: a read model that is filled from the beginning would lead, and those at the end would wait for it.
#[tokio::test]
async fn one_that_begins_long_before_the_others_does_not_lead_them() {
    let far = 3 * EVENTS_MAX as u64;
    let (shared, log) = (SharedFeed::default(), CountedLog::with(far));
    let mut filled = follower(&shared, &log, 0, &[]);
    assert_eq!(positions(&mut filled).await.len(), EVENTS_MAX);
    let mut at_end = [follower(&shared, &log, far, &[]), follower(&shared, &log, far, &[])];
    let all = join_all(at_end.iter_mut().map(positions));
    let (all, _) = tokio::join!(all, async { log.end.send_replace(far + 1) });
    assert_eq!(all, [[far + 1], [far + 1]]);
    assert_eq!(log.counted(), (2, 2), "one more feed, and one more read");
    assert_eq!(positions(&mut filled).await.first(), Some(&(EVENTS_MAX as u64 + 1)));
    assert_eq!(log.counted(), (1, 1), "it goes on by itself");
}

#[tokio::test]
async fn what_is_in_memory_has_a_limit() {
    let (shared, log) = (SharedFeed::default(), CountedLog::with(1));
    log.size.store(BYTES_MAX / 10, SeqCst);
    let (mut leads, mut late) = (follower(&shared, &log, 0, &[]), follower(&shared, &log, 0, &[]));
    assert_eq!((positions(&mut leads).await, positions(&mut late).await), (vec![1], vec![1]));
    let state = shared.0.lock().expect("not poisoned").upgrade().expect("it is followed");
    let kept = || {
        let newest = state.newest();
        (newest.events.len(), newest.after, newest.bytes / (BYTES_MAX / 10))
    };
    // The last page is larger than the limit: others want all of it.
    for (end, expected) in [(8, (8, 0, 8)), (16, (10, 6, 10)), (28, (12, 16, 12))] {
        log.end.send_replace(end);
        positions(&mut leads).await;
        assert_eq!(kept(), expected);
    }
    log.counted();
    assert_eq!(positions(&mut late).await, (2..=28).collect::<Vec<_>>());
    assert_eq!(log.counted(), (1, 1), "it was behind");
    log.size.store(0, SeqCst);
    let most = EVENTS_MAX as u64;
    for end in [28 + most - 1, 28 + most + 1] {
        log.end.send_replace(end);
        positions(&mut leads).await;
    }
    assert_eq!(kept(), (EVENTS_MAX, 29, 0));
}

/// The trap: a database that does not answer in time would be asked by one follower after the other.
#[tokio::test]
async fn after_a_fault_those_that_waited_are_not_asked_to_wait_in_turn() {
    let (shared, log) = (SharedFeed::default(), CountedLog::with(4));
    log.is_gone.store(true, SeqCst);
    let mut followers: Vec<_> = (0..36).map(|_| follower(&shared, &log, 0, &[])).collect();
    let all = join_all(followers.iter_mut().map(|feed| feed.next())).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(log.counted(), (36, 36), "the leader's, and one for each of the others");
    log.is_gone.store(false, SeqCst);
    assert!(join_all(followers.iter_mut().map(positions)).await.iter().all(|read| *read == [1, 2, 3, 4]));
    log.counted();
    log.end.send_replace(5);
    assert!(join_all(followers.iter_mut().map(positions)).await.iter().all(|read| *read == [5]));
    assert_eq!(log.counted().1, 1, "they are together again");
}

/// The trap: the feed that it had while it was alone would give the events again that it got as the leader.
#[tokio::test]
async fn one_that_was_alone_and_led_does_not_go_back_when_it_is_behind_again() {
    let far = 3 * EVENTS_MAX as u64;
    let (shared, log) = (SharedFeed::default(), CountedLog::with(far));
    let mut one = follower(&shared, &log, far - 2, &[]);
    let state = shared.0.lock().expect("not poisoned").upgrade().expect("it is followed");
    log.page.store(1, SeqCst);
    let busy = state.leader.try_lock().expect("nobody leads");
    assert_eq!(positions(&mut one).await, [far - 1], "by itself, because another one leads");
    drop(busy);
    assert_eq!(positions(&mut one).await, [far], "as the leader");
    *state.newest() = NewestEvents::default();
    let _busy = state.leader.try_lock().expect("nobody leads");
    log.end.send_replace(far + 1);
    assert_eq!(positions(&mut one).await, [far + 1]);
}

/// The trap: it looks, another one then leads from further on and waits at the end, and it waits for that one.
#[tokio::test]
async fn one_that_is_behind_a_new_leader_does_not_wait_for_it() {
    let (shared, log) = (SharedFeed::default(), CountedLog::with(100));
    let (mut behind, mut ahead) = (follower(&shared, &log, 90, &[]), follower(&shared, &log, 100, &[]));
    let state = shared.0.lock().expect("not poisoned").upgrade().expect("it is followed");
    let busy = state.leader.try_lock().expect("nobody leads");
    let mut leads = Box::pin(positions(&mut ahead));
    let mut waits = Box::pin(positions(&mut behind));
    assert!(futures::poll!(&mut leads).is_pending() && futures::poll!(&mut waits).is_pending());
    drop(busy);
    assert!(futures::poll!(&mut leads).is_pending());
    let read = tokio::time::timeout(std::time::Duration::from_secs(10), waits).await;
    assert_eq!(read.expect("it does not wait"), (91..=100).collect::<Vec<_>>());
    log.end.send_replace(101);
    assert_eq!(leads.await, [101]);
}

#[tokio::test]
async fn events_of_a_history_that_was_lost_are_not_given() {
    let (shared, log) = (SharedFeed::default(), CountedLog::with(4));
    let (mut leads, mut late) = (follower(&shared, &log, 2, &[]), follower(&shared, &log, 2, &[]));
    assert_eq!(positions(&mut leads).await, [3, 4]);
    log.history.store(1, SeqCst);
    let page = late.next().await.expect("readable");
    assert_eq!(page.iter().map(|event| event.id).collect::<Vec<_>>(), [log.event(3).id, log.event(4).id]);
    // It was lost during the read.
    log.end.send_replace(5);
    let (page, ()) = tokio::join!(late.next(), async {
        tokio::task::yield_now().await;
        log.history.store(2, SeqCst);
    });
    assert_eq!(page.expect("readable").first().map(|event| event.id), Some(log.event(5).id));
}

/// The trap: two relays, or a topic of another log. A follower is not given what follows another event than its own.
#[tokio::test]
async fn one_with_another_event_at_its_position_is_not_among_the_others() {
    let (shared, log) = (SharedFeed::default(), CountedLog::with(4));
    let mut leads = follower(&shared, &log, 2, &[]);
    assert_eq!(positions(&mut leads).await, [3, 4]);
    log.counted();
    for after in [2, 3] {
        let mut other = shared.after(Arc::new(Source(Arc::clone(&log))), after, Some(Uuid::nil()), Vec::new());
        assert_eq!(positions(&mut other).await.last(), Some(&4));
        assert_eq!(log.counted(), (1, 1), "it has a feed of its own, which finds out why");
    }
}
