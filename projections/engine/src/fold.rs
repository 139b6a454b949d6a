//! Folding in memory, independent of any store: the same code serves live batches and rebuilds.

use std::{
    cell::Cell,
    collections::{HashMap, HashSet, hash_map::Entry},
    panic::{AssertUnwindSafe, catch_unwind},
};

use event_core::{Followed, Key, Keys, Projection, Recorded};
use event_follow::{Checkpoint, Stop};
use event_log::EventPage;

use crate::ViewsError;

/// The number of touched rows at which a batch takes no further event. A single event may touch more. The limit bounds
/// the rows that are loaded, folded and written at once, so that other read models wait for a short transaction only.
pub const BATCH_ROWS_MAX: usize = 5_000;

/// The same limit in bytes of data: the size of each event, counted once for each row that it touches.
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The reason for which a page was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The read model cannot process one of its events.
    Stopped(Stop),
    /// The page does not start at the position of the fold: events would be left out or folded twice.
    Gap { position: u64, page_after: u64 },
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Refusal {
        Refusal::Stopped(stop)
    }
}

/// A row to be stored; `None` deletes it.
pub type Saved = (Key, Option<Vec<u8>>);

/// The rows of one read model that are in memory, and their checkpoint.
pub trait Fold: Send {
    /// Decodes events, in order, and computes their keys. Returns the events that exceed `BATCH_ROWS_MAX` or
    /// `BATCH_BYTES_MAX`.
    ///
    /// # Errors
    /// The page does not start at the position of the fold, or contains an event that cannot be decoded. No event of
    /// the page is taken then.
    fn take(&mut self, page: EventPage) -> Result<EventPage, Refusal>;

    /// The position of the last event that was taken.
    fn checkpoint(&self) -> Checkpoint;

    /// The keys of the rows that the taken events touch and that are not in memory.
    fn wanted(&self) -> Vec<Key>;

    /// Puts a stored row into memory.
    ///
    /// # Errors
    /// If the row cannot be decoded.
    fn put(&mut self, key: Key, row: &[u8]) -> Result<(), ViewsError>;

    /// Applies the events that were taken. Keys that were requested by `wanted` and not put have no row.
    ///
    /// # Errors
    /// The event at which the read model panicked. The rows are in an undefined state then: drop the fold.
    fn fold(&mut self) -> Result<(), Stop>;

    /// The next rows, in key order, in the form in which they are stored: at least one row, up to `rows_max` rows or
    /// `bytes_max` bytes. Empty when no row is left in memory.
    ///
    /// # Errors
    /// If a row cannot be written as JSON.
    fn flush(&mut self, rows_max: usize, bytes_max: usize) -> Result<Vec<Saved>, ViewsError>;

    /// The number of rows in memory.
    fn rows(&self) -> usize;

    /// The approximate size of these rows: the size of each event, counted once for each row that it touched.
    fn bytes(&self) -> usize;
}

pub struct Folding<P: Projection> {
    taken: Vec<(Recorded<P::Event>, Keys)>,
    rows: HashMap<Key, Option<P::Row>>,
    bytes: usize,
    checkpoint: Checkpoint,
    leaving: Leaving<P::Row>,
}

/// The rows that a flush has started to take out of memory.
struct Leaving<R> {
    rows: Vec<Option<(Key, Option<R>)>>,
    /// Indexes into `rows`, in key order.
    order: std::vec::IntoIter<usize>,
}

impl<R> Leaving<R> {
    /// Sorts by the first bytes of the keys, and compares whole keys only if these are equal: rows are large and spread
    /// all over memory.
    fn new(rows: impl Iterator<Item = (Key, Option<R>)>) -> Leaving<R> {
        let rows: Vec<_> = rows.map(Some).collect();
        let key = |at: usize| rows[at].as_ref().map(|(key, _)| key);
        let mut order: Vec<_> = (0..rows.len()).map(|at| (key(at).map(beginning), at)).collect();
        order.sort_unstable_by(|(one, at), (other, other_at)| {
            one.cmp(other).then_with(|| key(*at).cmp(&key(*other_at)))
        });
        let order = order.into_iter().map(|(_, at)| at).collect::<Vec<_>>().into_iter();
        Leaving { rows, order }
    }

    fn next(&mut self) -> Option<(Key, Option<R>)> {
        self.rows[self.order.next()?].take()
    }
}

/// The first bytes of a key, in the same order as the keys.
fn beginning(key: &Key) -> [u8; 16] {
    let bytes = key.partition.as_bytes();
    std::array::from_fn(|at| bytes.get(at).copied().unwrap_or_default())
}

impl<P: Projection> Folding<P> {
    /// An empty fold, for rows that are stored as of `checkpoint`.
    pub fn after(checkpoint: Checkpoint) -> Folding<P> {
        let leaving = Leaving::new(std::iter::empty());
        Folding { taken: Vec::new(), rows: HashMap::new(), bytes: 0, checkpoint, leaving }
    }
}

impl<P: Projection> Fold for Folding<P> {
    fn take(&mut self, page: EventPage) -> Result<EventPage, Refusal> {
        if page.after != self.checkpoint.position {
            return Err(Refusal::Gap { position: self.checkpoint.position, page_after: page.after });
        }
        let at = Cell::new(page.after);
        let (mut touched, mut bytes, mut checkpoint) = (0, 0, self.checkpoint);
        let mut events = page.events.into_iter();
        let read = || {
            let mut taken = Vec::new();
            while touched < BATCH_ROWS_MAX
                && bytes < BATCH_BYTES_MAX
                && let Some(raw) = events.next()
            {
                at.set(raw.position);
                checkpoint = Checkpoint::at(&raw);
                if !P::Event::follows(&raw.kind) {
                    continue;
                }
                let Some(event) = P::Event::read(&raw.kind, &raw.data).map_err(|cause| cause.to_string())? else {
                    continue;
                };
                let size = raw.data.len();
                let fact = raw.map(|_| event);
                let keys = P::keys(&fact);
                touched += keys.len();
                bytes += size * keys.len();
                if !keys.is_empty() {
                    taken.push((fact, keys));
                }
            }
            Ok(taken)
        };
        let taken = guarded(read).map_err(|why| Stop { position: at.get(), why })?;
        self.taken.extend(taken);
        self.bytes += bytes;
        self.checkpoint = checkpoint;
        Ok(EventPage { after: checkpoint.position, events: events.collect() })
    }

    fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    fn wanted(&self) -> Vec<Key> {
        let keys = self.taken.iter().flat_map(|(_, keys)| keys).filter(|key| !self.rows.contains_key(*key));
        let mut seen = HashSet::new();
        keys.filter(|key| seen.insert(*key)).cloned().collect()
    }

    fn put(&mut self, key: Key, row: &[u8]) -> Result<(), ViewsError> {
        self.bytes += row.len();
        let row = serde_json::from_slice(row).map_err(|cause| ViewsError::Row { name: P::NAME, cause })?;
        self.rows.insert(key, Some(row));
        Ok(())
    }

    fn fold(&mut self) -> Result<(), Stop> {
        let at = Cell::new(0);
        let (taken, rows) = (std::mem::take(&mut self.taken), &mut self.rows);
        let apply = || {
            for (fact, keys) in taken {
                at.set(fact.position);
                for key in keys {
                    match rows.entry(key) {
                        Entry::Occupied(mut entry) => {
                            let row = entry.get_mut().take();
                            let row = P::evolve(entry.key(), row, &fact);
                            entry.insert(row);
                        }
                        Entry::Vacant(entry) => {
                            let row = P::evolve(entry.key(), None, &fact);
                            entry.insert(row);
                        }
                    }
                }
            }
            Ok(())
        };
        guarded(apply).map_err(|why| Stop { position: at.get(), why })
    }

    fn flush(&mut self, rows_max: usize, bytes_max: usize) -> Result<Vec<Saved>, ViewsError> {
        if self.leaving.order.as_slice().is_empty() {
            self.leaving = Leaving::new(self.rows.drain());
            self.bytes = 0;
        }
        let (mut flushed, mut bytes) = (Vec::new(), 0);
        while flushed.len() < rows_max
            && bytes < bytes_max
            && let Some((key, row)) = self.leaving.next()
        {
            let written = row.map(|row| serde_json::to_vec(&row)).transpose();
            let row = written.map_err(|cause| ViewsError::Row { name: P::NAME, cause })?;
            bytes += row.as_ref().map_or(0, Vec::len);
            flushed.push((key, row));
        }
        Ok(flushed)
    }

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Runs the code of a read model and returns a panic as an error. The text of the panic may quote data and the error is
/// shown to operators, so the text is left out; the panic hook prints the location.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| Err("it panicked".to_owned()))
}

#[cfg(test)]
mod tests {
    use event_core::{
        Raw, Timestamp,
        event::Event,
        testing::{encoded, recorded},
    };
    use uuid::Uuid;
    use views::{FreeSlots, Practices};
    use vocabulary::appointments::{SessionEvent, SessionWithdrawn, Timetable};

    use super::*;

    const SLOTS: u32 = 1_000;

    /// A withdrawn session with this many slots, each of which is a row.
    fn withdrawn(position: u64) -> Raw {
        let starts_at: Timestamp = "2026-07-01T08:00:00Z".parse().expect("an instant");
        let timetable = Timetable { starts_at, ends_at: starts_at.plus_minutes(SLOTS.into()), slot_minutes: 1 };
        let session = format!("A00001.{position:012}").parse().expect("a session");
        let event = SessionEvent::from(SessionWithdrawn { session, timetable, orphaned: Vec::new(), freed: None });
        let data = encoded(&event);
        recorded(position, event.kind(), data.into())
    }

    /// The trap: 1,000 sessions of 1,439 slots are one batch of 1,400,000 rows, and all other read models wait for it.
    #[test]
    fn a_batch_is_bounded_in_the_rows_that_it_touches() {
        let sessions = 12;
        let mut page = EventPage { after: 0, events: (1..=sessions).map(withdrawn).collect() };
        let mut fold = Folding::<FreeSlots>::after(Checkpoint::START);
        let mut reached = Vec::new();
        while !page.is_empty() {
            page = fold.take(page).expect("it is taken");
            let position = fold.checkpoint().position;
            assert_eq!((page.after, fold.checkpoint().event_id), (position, Some(Uuid::from_u128(position.into()))));
            assert!(fold.wanted().len() <= BATCH_ROWS_MAX + SLOTS as usize);
            fold.fold().expect("it is folded");
            fold.flush(usize::MAX, usize::MAX).expect("they are written");
            reached.push(position);
        }
        let of_a_batch = BATCH_ROWS_MAX as u64 / u64::from(SLOTS);
        assert_eq!(reached, [of_a_batch, 2 * of_a_batch, sessions]);
    }

    #[test]
    fn rows_leave_the_memory_in_bounded_parts() {
        let page = EventPage { after: 0, events: vec![withdrawn(1)] };
        let mut fold = Folding::<FreeSlots>::after(Checkpoint::START);
        fold.take(page).expect("it is taken");
        fold.fold().expect("it is folded");
        let mut parts = Vec::new();
        loop {
            let part = fold.flush(300, usize::MAX).expect("they are written");
            if part.is_empty() {
                break;
            }
            parts.push(part.len());
        }
        assert_eq!((parts, fold.rows(), fold.bytes()), (vec![300, 300, 300, 100], 0, 0));
    }

    /// The trap: a page that does not follow is folded, and the events in between are left out without an error.
    #[test]
    fn a_page_that_does_not_begin_where_the_fold_is_is_refused() {
        let at = |position| Checkpoint { position, ..Checkpoint::START };
        for (position, page_after) in [(0, 5_000), (7, 8), (7, 6)] {
            let mut fold = Folding::<Practices>::after(at(position));
            let refused = fold.take(EventPage { after: page_after, events: Vec::new() });
            assert_eq!(refused, Err(Refusal::Gap { position, page_after }));
            assert_eq!(fold.checkpoint(), at(position));
        }
    }

    #[test]
    fn a_panics_text_is_not_repeated() {
        assert_eq!(guarded::<()>(|| panic!("of Alice Somebody")), Err("it panicked".to_owned()));
    }
}
