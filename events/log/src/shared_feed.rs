//! One feed for all followers in a process that are at the end of a log. They want each new event at the same moment, so it is read
//! once: a read of the database, or a consumer of the topic, for each of 40 read models costs more than what they do with it.
//!
//! The newest events are in memory. The follower that has handled all of them reads the next page and adds it; the others wait for that.
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
mod tests;
