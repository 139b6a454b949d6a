//! Shares of something limited that many ask for: each gets so much at a time, and all together so much.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A limited amount, and the part of it that each key has taken. A key without a share takes no memory.
pub struct Shares<K> {
    each_max: usize,
    all_max: usize,
    taken: Mutex<Taken<K>>,
}

struct Taken<K> {
    by: HashMap<K, usize>,
    all: usize,
}

/// The limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// This one has as much as each may have.
    Each,
    /// All together have as much as there is.
    All,
}

/// The part that one key has taken, until it is dropped.
pub struct Share<K: Hash + Eq> {
    shares: Arc<Shares<K>>,
    key: K,
    size: usize,
}

impl<K: Hash + Eq + Clone> Shares<K> {
    pub fn new(each_max: usize, all_max: usize) -> Arc<Shares<K>> {
        Arc::new(Shares { each_max, all_max, taken: Mutex::new(Taken { by: HashMap::new(), all: 0 }) })
    }

    /// # Errors
    /// When there is not so much left, for this one or at all.
    pub fn take(self: &Arc<Self>, key: K, size: usize) -> Result<Share<K>, Full> {
        let mut share = Share { shares: Arc::clone(self), key, size: 0 };
        share.grow(size).map(|()| share)
    }
}

impl<K> Shares<K> {
    fn taken(&self) -> MutexGuard<'_, Taken<K>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone> Share<K> {
    /// Takes so much more.
    ///
    /// # Errors
    /// As `take`. The share keeps what it has.
    pub fn grow(&mut self, by: usize) -> Result<(), Full> {
        if by == 0 {
            return Ok(());
        }
        let mut taken = self.shares.taken();
        let own = taken.by.get(&self.key).copied().unwrap_or_default();
        if own + by > self.shares.each_max {
            return Err(Full::Each);
        }
        if taken.all + by > self.shares.all_max {
            return Err(Full::All);
        }
        taken.by.insert(self.key.clone(), own + by);
        taken.all += by;
        self.size += by;
        Ok(())
    }
}

impl<K: Hash + Eq> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        taken.all -= self.size;
        if let Some(own) = taken.by.get_mut(&self.key) {
            *own -= self.size;
            if *own == 0 {
                taken.by.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_limit_and_all_have_one() {
        let shares = Shares::new(2, 3);
        let mut first = shares.take("a", 1).expect("there is room");
        assert_eq!(first.grow(2), Err(Full::Each));
        assert_eq!(first.grow(1), Ok(()));
        let second = shares.take("b", 1).expect("there is room");
        assert_eq!(shares.take("c", 1).err(), Some(Full::All));
        drop(second);
        assert!(shares.take("c", 1).is_ok());
    }

    #[test]
    fn what_nobody_holds_is_forgotten() {
        let shares = Shares::new(2, 2);
        drop((shares.take("a", 2), shares.take("b", 0)));
        let taken = shares.taken();
        assert!(taken.all == 0 && taken.by.is_empty());
    }
}
