//! Decides, without I/O, which records of a topic are handed on: exactly last+1, last+2 … A lower position with the
//! same id is a repeat. Before a higher position there is a hole, which is filled by a relay or from the log. Times are
//! milliseconds of any clock that never goes back.

use std::collections::VecDeque;

use event_log::port::limits::{PAGE_BYTES_MAX, PAGE_EVENTS_MAX};
use uuid::Uuid;

/// The time in which the relay may fill a hole, before the log is read. It starts again with each event that is handed
/// on.
pub const HOLE_MS: u64 = 2_000;
/// The number of ids of the last events, which are kept to recognise repeats without reading the log.
const REMEMBERED_MAX: usize = 20_000;

/// The kind of a record, seen from the last event that was handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The next event: it is handed on.
    Next,
    /// Its event was handed on before.
    Repeat,
    /// It is older than the ids that are kept: a repeat, if the log has this id at its position.
    Old,
    /// An event before it is missing. It is left out, and comes again from the relay or from the log.
    Ahead,
    /// Another event was handed on at its position: this is another history.
    Other,
}

/// The result of looking up the newest event of a batch, which stands for the whole batch, in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    IsTheLogs,
    /// The log has no event at this position (yet).
    Missing,
    /// The log has another event at this position.
    Other,
}

/// True if an event of `more` bytes fits into a page with these events and bytes. The first event always fits.
pub fn fits(events: usize, bytes: usize, more: usize) -> bool {
    events == 0 || (events < PAGE_EVENTS_MAX && bytes.saturating_add(more) <= PAGE_BYTES_MAX)
}

/// Compares the id of an event with the id that the log has at its position.
pub fn proof(id: Uuid, in_log: Option<Uuid>) -> Proof {
    match in_log {
        Some(found) if found == id => Proof::IsTheLogs,
        Some(_) => Proof::Other,
        None => Proof::Missing,
    }
}

/// The offset at which a follower begins to read after a position. Each position takes an offset, so offset = position
/// is never too late; but it is too early by the number of repeats in the topic. A hint is a later offset and the
/// position of the record there. It is used unless that record comes after the next event: then the hint is too late.
pub fn begins_at(after: u64, hint: Option<(u64, u64)>) -> u64 {
    match hint {
        Some((offset, position)) if offset > after && position <= after + 1 => offset,
        Some(_) | None => after,
    }
}

#[derive(Debug, Clone, Copy)]
struct Hole {
    since_ms: u64,
    /// The highest position that was seen after the hole.
    seen: u64,
}

/// The progress of one follower in a log.
pub struct Order {
    last: u64,
    /// The ids of the last events, up to `last`.
    ids: VecDeque<Uuid>,
    hole: Option<Hole>,
}

impl Order {
    /// The progress of a follower that has handled everything up to `last`; `id` is the id of that event.
    pub fn after(last: u64, id: Option<Uuid>) -> Order {
        Order { last, ids: id.into_iter().collect(), hole: None }
    }

    /// The position of the last event that was handed on.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The last event that was handed on and its id, if that is known.
    pub fn newest(&self) -> Option<(u64, Uuid)> {
        self.ids.back().map(|id| (self.last, *id))
    }

    /// Takes a record of the topic, and returns its kind.
    pub fn see(&mut self, now_ms: u64, position: u64, id: Uuid) -> Seen {
        if position == self.last + 1 {
            self.hand_on(now_ms, id);
            return Seen::Next;
        }
        if position > self.last {
            let seen = self.hole.map_or(position, |hole| hole.seen.max(position));
            let since_ms = self.hole.map_or(now_ms, |hole| hole.since_ms);
            self.hole = Some(Hole { since_ms, seen });
            return Seen::Ahead;
        }
        let back = usize::try_from(self.last - position).unwrap_or(usize::MAX);
        match self.ids.len().checked_sub(back + 1).and_then(|at| self.ids.get(at)) {
            Some(known) if *known == id => Seen::Repeat,
            Some(_) => Seen::Other,
            None => Seen::Old,
        }
    }

    /// The range of positions that has to be read from the log now: after the first, up to and including the second.
    pub fn overdue(&self, now_ms: u64) -> Option<(u64, u64)> {
        let hole = self.hole.filter(|hole| now_ms >= hole.since_ms + HOLE_MS)?;
        Some((self.last, hole.seen))
    }

    /// The time until which a hole is left to the relay; `None` without a hole.
    pub fn waits_until_ms(&self) -> Option<u64> {
        self.hole.map(|hole| hole.since_ms + HOLE_MS)
    }

    /// Fills a hole with events that were read from the log, each as its position and id.
    ///
    /// # Errors
    /// The position that is missing among them. The events before it are handed on.
    pub fn fill(&mut self, now_ms: u64, read: impl IntoIterator<Item = (u64, Uuid)>) -> Result<(), u64> {
        for (position, id) in read {
            if position != self.last + 1 {
                return Err(self.last + 1);
            }
            self.hand_on(now_ms, id);
        }
        Ok(())
    }

    fn hand_on(&mut self, now_ms: u64, id: Uuid) {
        self.last += 1;
        self.ids.push_back(id);
        if self.ids.len() > REMEMBERED_MAX {
            self.ids.pop_front();
        }
        self.hole = self.hole.filter(|hole| hole.seen > self.last).map(|hole| Hole { since_ms: now_ms, ..hole });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> Uuid {
        Uuid::from_u128(n.into())
    }

    #[test]
    fn only_the_next_one_is_handed_on() {
        let mut order = Order::after(2, Some(id(2)));
        let seen: Vec<_> = [3, 3, 2, 1, 4, 6].map(|n| order.see(0, n, id(n))).into();
        assert_eq!(seen, [Seen::Next, Seen::Repeat, Seen::Repeat, Seen::Old, Seen::Next, Seen::Ahead]);
        assert_eq!(order.last(), 4);
    }

    #[test]
    fn a_hole_is_left_to_the_relay_and_then_read_from_the_log() {
        let mut order = Order::after(0, None);
        assert_eq!(order.see(100, 3, id(3)), Seen::Ahead);
        assert_eq!(order.overdue(100 + HOLE_MS - 1), None);
        // The relay sends the first event again: only the rest of the hole is left.
        assert_eq!(order.see(200, 1, id(1)), Seen::Next);
        assert_eq!(order.overdue(200 + HOLE_MS), Some((1, 3)));
        assert_eq!(order.fill(0, [(2, id(2)), (4, id(4))]), Err(3));
        assert_eq!(order.fill(0, [(3, id(3))]), Ok(()));
        assert_eq!((order.last(), order.overdue(u64::MAX)), (3, None));
    }

    #[test]
    fn a_hint_counts_unless_it_came_too_late() {
        assert_eq!(begins_at(40, None), 40);
        // The record there is the next event, or one before it.
        assert_eq!(begins_at(40, Some((90, 41))), 90);
        assert_eq!(begins_at(40, Some((90, 12))), 90);
        assert_eq!(begins_at(40, Some((90, 42))), 40);
        assert_eq!(begins_at(40, Some((7, 3))), 40);
    }

    /// The trap: two leaders, or a log restored to an older point. The same position then has another event.
    #[test]
    fn a_repeat_with_another_id_is_another_history() {
        let mut order = Order::after(0, None);
        order.see(0, 1, id(1));
        assert_eq!(order.see(0, 1, id(9)), Seen::Other);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut order = Order::after(0, None);
        for n in 1..=2 * REMEMBERED_MAX as u64 {
            order.see(0, n, id(n));
        }
        assert_eq!(order.ids.len(), REMEMBERED_MAX);
        assert_eq!(order.see(0, REMEMBERED_MAX as u64, id(7)), Seen::Old);
        assert_eq!(order.see(0, REMEMBERED_MAX as u64 + 1, id(REMEMBERED_MAX as u64 + 1)), Seen::Repeat);
    }
}
