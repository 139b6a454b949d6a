//! Shares of a limited resource, with a limit for each key and a limit for all keys together.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A limited amount, and the part of it that each key has taken. A key without a share uses no memory.
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
    /// This key has reached the limit for each key.
    Each,
    /// All keys together have reached the limit.
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
    /// If this amount exceeds one of the limits.
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
    /// Takes an additional amount.
    ///
    /// # Errors
    /// Like `take`. The share keeps its current amount.
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
