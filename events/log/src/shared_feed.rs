//! One feed for all followers in a process that are at the end of a log. They want each new event at the same moment, so it is read
//! once: a read of the database, or a consumer of the topic, for each of 40 read models costs more than what they do with it.
//!
//! The newest events are in memory. A follower that has handled them all reads the next ones for everybody, and the others wait for it.
//! A follower that is further behind, or that has another event at its position, has a feed of its own until it is at the end.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use async_trait::async_trait;
use event_core::Raw;
use tokio::sync::{Mutex as AsyncMutex, watch};
use uuid::Uuid;

use crate::{
    feed::{Feed, Feeds},
    page::EventPage,
    port::{LogError, limits},
};

/// The maximum number of events in memory: one page.
const EVENTS_MAX: usize = limits::PAGE_EVENTS_MAX;
/// The maximum size of their data in bytes, or one page if that is larger.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// The feed that the followers in a process share, as long as there is one.
#[derive(Default)]
pub struct SharedFeed(Mutex<Weak<Shared>>);

impl SharedFeed {
    /// A follower's feed of the events after a position, as of `Feeds::after`. `source` gives the feeds that are read: the shared
    /// one, and that of a follower which is behind.
    pub fn after(
        &self,
        source: Arc<dyn Feeds>,
        after: u64,
        id: Option<Uuid>,
        passed_over: Vec<&'static str>,
    ) -> Box<dyn Feed> {
        let mut existing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = existing.upgrade().unwrap_or_default();
        *existing = Arc::downgrade(&shared);
        Box::new(MemberFeed { shared, source, after, id, passed_over, own: None })
    }
}

#[derive(Default)]
struct Shared {
    /// Changed only by the holder of `leader`.
    newest: Mutex<NewestEvents>,
    /// Reads the event after the newest ones. `None` before the first, and after a fault.
    leader: AsyncMutex<Option<Box<dyn Feed>>>,
    /// The number of faults of the leader. It is marked as changed with each change of the newest events.
    changed: watch::Sender<u64>,
}

impl Shared {
    fn newest(&self) -> MutexGuard<'_, NewestEvents> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Consecutive events of one history of a log.
#[derive(Default)]
struct NewestEvents {
    history: u64,
    /// The position before the first of them, and the id of the event there, if it is known.
    after: u64,
    id: Option<Uuid>,
    events: VecDeque<Raw>,
    bytes: usize,
}

/// The place of a follower, seen from the newest events.
#[derive(Debug, PartialEq, Eq)]
enum FollowerPlace {
    /// These are its next events.
    Within(EventPage),
    /// It has handled all of them, or is so little ahead that it waits until they reach it.
    AtEnd,
    /// It is behind, or its last event is another one.
    Apart,
    /// The newest events are old for it, or of another history.
    Beyond,
}

impl NewestEvents {
    fn until(&self) -> u64 {
        self.events.back().map_or(self.after, |last| last.position)
    }

    fn last_id(&self) -> Option<Uuid> {
        self.events.back().map_or(self.id, |last| Some(last.id))
    }

    /// The place of a follower that has handled the events up to `after`, of which the last one has this id.
    fn place(&self, history: u64, after: u64, id: Option<Uuid>, passed_over: &[&str]) -> FollowerPlace {
        if history != self.history || after > self.until().saturating_add(EVENTS_MAX as u64) {
            return FollowerPlace::Beyond;
        }
        if after > self.until() {
            return FollowerPlace::AtEnd;
        }
        if after < self.after {
            return FollowerPlace::Apart;
        }
        let first = self.events.partition_point(|event| event.position <= after);
        let before =
            first.checked_sub(1).and_then(|before| self.events.get(before)).map_or(self.id, |event| Some(event.id));
        if before.zip(id).is_some_and(|(here, there)| here != there) {
            return FollowerPlace::Apart;
        }
        let until = self.until();
        let wanted = |event: &&Raw| event.position == until || !passed_over.contains(&&*event.kind);
        let events: Vec<Raw> = self.events.range(first..).filter(wanted).cloned().collect();
        if events.is_empty() { FollowerPlace::AtEnd } else { FollowerPlace::Within(EventPage { after, events }) }
    }

    /// Adds the page that follows, and forgets the oldest events beyond the limits, but none of this page: all that wait want it.
    fn add(&mut self, page: EventPage) {
        let added = page.len();
        for event in page {
            self.bytes += event.data.len();
            self.events.push_back(event);
        }
        while self.events.len() > added && (self.events.len() > EVENTS_MAX || self.bytes > BYTES_MAX) {
            let Some(oldest) = self.events.pop_front() else { return };
            self.bytes -= oldest.data.len();
            (self.after, self.id) = (oldest.position, Some(oldest.id));
        }
    }
}

/// The feed of one of the followers.
struct MemberFeed {
    shared: Arc<Shared>,
    source: Arc<dyn Feeds>,
    /// The last position that was handed on, and the id of the event there, if it is known.
    after: u64,
    id: Option<Uuid>,
    passed_over: Vec<&'static str>,
    /// While it is not among the others.
    own: Option<Box<dyn Feed>>,
}

#[async_trait]
impl Feed for MemberFeed {
    async fn next(&mut self) -> Result<EventPage, LogError> {
        let shared = Arc::clone(&self.shared);
        let mut changed = shared.changed.subscribe();
        let faults = *changed.borrow_and_update();
        loop {
            let leader = match self.place() {
                // After a fault of the leader, each reads for itself, at the same time: one after the other would wait too long.
                _ if *changed.borrow() != faults => break,
                FollowerPlace::Within(page) => {
                    self.own = None;
                    return Ok(self.hands_on(page));
                }
                FollowerPlace::Apart => break,
                FollowerPlace::Beyond => match shared.leader.try_lock() {
                    Ok(leader) => Some(leader),
                    Err(_) => break,
                },
                FollowerPlace::AtEnd => {
                    self.own = None;
                    tokio::select! {
                        biased;
                        // The sender is there as long as this follower.
                        _ = changed.changed() => None,
                        leader = shared.leader.lock() => Some(leader),
                    }
                }
            };
            let Some(mut leader) = leader else { continue };
            match self.lead(&mut leader).await {
                Ok(Some(page)) => {
                    self.own = None;
                    return Ok(self.hands_on(page));
                }
                // The damage may be in a kind that this follower passes over, and the other history may not be this follower's: its
                // own feed finds out.
                Ok(None) | Err(LogError::Damaged { .. } | LogError::OtherHistory(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let own = || self.source.after(self.after, self.id, self.passed_over.clone());
        let page = self.own.get_or_insert_with(own).next().await?;
        Ok(self.hands_on(page))
    }
}

impl MemberFeed {
    fn place(&self) -> FollowerPlace {
        self.shared.newest().place(self.source.history(), self.after, self.id, &self.passed_over)
    }

    fn hands_on(&mut self, page: EventPage) -> EventPage {
        if let Some(last) = page.last() {
            (self.after, self.id) = (last.position, Some(last.id));
        }
        page
    }

    /// Reads the next events for all followers. `None` if others have read them in the meantime, if they do not follow this
    /// follower's last event, or if the log's history changed.
    async fn lead(&mut self, leader: &mut Option<Box<dyn Feed>>) -> Result<Option<EventPage>, LogError> {
        let history = self.source.history();
        let (after, id) = {
            let mut newest = self.shared.newest();
            match newest.place(history, self.after, self.id, &self.passed_over) {
                FollowerPlace::Within(_) | FollowerPlace::Apart => return Ok(None),
                FollowerPlace::AtEnd if leader.is_some() => {}
                FollowerPlace::AtEnd | FollowerPlace::Beyond => {
                    *leader = None;
                    *newest = NewestEvents { history, after: self.after, id: self.id, ..NewestEvents::default() };
                    // One that was about to wait may be behind now.
                    self.shared.changed.send_modify(|_| {});
                }
            }
            (newest.until(), newest.last_id())
        };
        let read = leader.get_or_insert_with(|| self.source.after(after, id, Vec::new())).next().await;
        let read = if self.source.history() == history { read.map(Some) } else { Ok(None) };
        match read {
            Ok(Some(page)) => {
                self.shared.newest().add(page.clone());
                self.shared.changed.send_modify(|_| {});
                Ok(Some(page).filter(|page| page.after == self.after).map(|page| page.without(&self.passed_over)))
            }
            failed => {
                *leader = None;
                *self.shared.newest() = NewestEvents::default();
                self.shared.changed.send_modify(|faults| *faults += 1);
                failed
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
        for (end, events, wanted) in
            [(6, vec![5, 6], vec![6]), (7, vec![7], vec![7]), (10, vec![8, 9, 10], vec![8, 10])]
        {
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
}
