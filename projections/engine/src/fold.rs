//! Folding in memory, apart from any store: the same code serves live batches and rebuilds.

use std::{
    cell::Cell,
    collections::{HashMap, HashSet, hash_map::Entry},
    panic::{AssertUnwindSafe, catch_unwind},
};

use views::{Key, Keys, Projection};
use vocabulary::{Followed, Raw, Recorded};

use crate::ViewsError;

/// An event at which a read model cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub position: u64,
    pub why: String,
}

/// A row as it is to be stored: `None` takes it away.
pub type Saved = (Key, Option<Vec<u8>>);

/// The rows of one read model that are in memory.
pub trait Fold: Send {
    /// Decodes events, in order, and asks for their keys.
    ///
    /// # Errors
    /// The first event that cannot be read; then nothing of the batch is taken.
    fn take(&mut self, batch: Vec<Raw>) -> Result<(), Stop>;

    /// The rows that the taken events touch and that are not in memory.
    fn wanted(&self) -> Vec<Key>;

    /// Puts a stored row into memory.
    ///
    /// # Errors
    /// When it does not decode.
    fn put(&mut self, key: Key, row: &[u8]) -> Result<(), ViewsError>;

    /// Applies what was taken. Keys that were wanted and not put have no row.
    ///
    /// # Errors
    /// The event at which the read model panicked. The rows are spoilt then: throw the fold away.
    fn fold(&mut self) -> Result<(), Stop>;

    /// The next rows, in the order of their keys, as they are to be stored; none when all have left the memory.
    ///
    /// # Errors
    /// When a row cannot be written as JSON.
    fn flush(&mut self, rows_max: usize) -> Result<Vec<Saved>, ViewsError>;

    /// Rows in memory.
    fn rows(&self) -> usize;
}

pub struct Folding<P: Projection> {
    taken: Vec<(Recorded<P::Event>, Keys)>,
    rows: HashMap<Key, Option<P::Row>>,
    leaving: Leaving<P::Row>,
}

/// What a flush has begun to take out.
struct Leaving<R> {
    rows: Vec<Option<(Key, Option<R>)>>,
    /// Places in `rows`, in the order of their keys.
    order: std::vec::IntoIter<usize>,
}

impl<R> Leaving<R> {
    /// Orders by the beginnings of the keys, and looks into the keys only where these are equal: rows are large, and
    /// lie all over the memory.
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

/// The first bytes of a key, ordered as keys are.
fn beginning(key: &Key) -> [u8; 16] {
    let bytes = key.partition.as_bytes();
    std::array::from_fn(|at| bytes.get(at).copied().unwrap_or_default())
}

impl<P: Projection> Default for Folding<P> {
    fn default() -> Self {
        Folding { taken: Vec::new(), rows: HashMap::new(), leaving: Leaving::new(std::iter::empty()) }
    }
}

impl<P: Projection> Fold for Folding<P> {
    fn take(&mut self, batch: Vec<Raw>) -> Result<(), Stop> {
        let at = Cell::new(0);
        let read = || {
            let mut taken = Vec::with_capacity(batch.len());
            for raw in batch {
                at.set(raw.position);
                if !P::Event::follows(&raw.kind) {
                    continue;
                }
                let Some(event) = P::Event::read(&raw.kind, &raw.data).map_err(|cause| cause.to_string())? else {
                    continue;
                };
                let fact = raw.map(|_| event);
                let keys = P::keys(&fact);
                if !keys.is_empty() {
                    taken.push((fact, keys));
                }
            }
            Ok(taken)
        };
        let taken = guarded(read).map_err(|why| Stop { position: at.get(), why })?;
        self.taken.extend(taken);
        Ok(())
    }

    fn wanted(&self) -> Vec<Key> {
        let keys = self.taken.iter().flat_map(|(_, keys)| keys).filter(|key| !self.rows.contains_key(*key));
        let mut seen = HashSet::new();
        keys.filter(|key| seen.insert(*key)).cloned().collect()
    }

    fn put(&mut self, key: Key, row: &[u8]) -> Result<(), ViewsError> {
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

    fn flush(&mut self, rows_max: usize) -> Result<Vec<Saved>, ViewsError> {
        if self.leaving.order.as_slice().is_empty() {
            self.leaving = Leaving::new(self.rows.drain());
        }
        let written = |row: P::Row| serde_json::to_vec(&row).map_err(|cause| ViewsError::Row { name: P::NAME, cause });
        let next = std::iter::from_fn(|| self.leaving.next());
        next.take(rows_max).map(|(key, row)| Ok((key, row.map(written).transpose()?))).collect()
    }

    fn rows(&self) -> usize {
        self.rows.len()
    }
}

/// Runs a read model's own code: its panic is an answer. The panic's text may quote data and the answer is shown to
/// operators, so the text is left out; the panic hook prints the place.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| Err("it panicked".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panics_text_is_not_repeated() {
        assert_eq!(guarded::<()>(|| panic!("of Alice Somebody")), Err("it panicked".to_owned()));
    }
}
