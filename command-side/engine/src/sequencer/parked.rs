//! Items that wait until all of their things have arrived, such as commands that wait for streams to be loaded or keys
//! to be fetched. They do not delay items that wait for other things.

use std::{collections::HashMap, hash::Hash};

/// Items of type `T` that wait for things of type `K`.
pub(super) struct Parked<K, T> {
    items: HashMap<u64, Waiting<T>>,
    /// The items that wait for each thing, in the order in which they were parked.
    by_thing: HashMap<K, Vec<u64>>,
    /// The number of the last item that was parked.
    last: u64,
}

struct Waiting<T> {
    item: T,
    /// The number of things that it still waits for.
    things: usize,
}

impl<K, T> Default for Parked<K, T> {
    fn default() -> Self {
        Parked { items: HashMap::new(), by_thing: HashMap::new(), last: 0 }
    }
}

impl<K: Eq + Hash, T> Parked<K, T> {
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn awaits(&self, thing: &K) -> bool {
        self.by_thing.contains_key(thing)
    }

    /// Parks an item until all of these things, which are different, have arrived.
    pub fn park(&mut self, item: T, things: impl IntoIterator<Item = K>) {
        self.last += 1;
        let mut count = 0;
        for thing in things {
            self.by_thing.entry(thing).or_default().push(self.last);
            count += 1;
        }
        self.items.insert(self.last, Waiting { item, things: count });
    }

    /// Handles the arrival of this thing, and returns the items that wait for nothing else.
    pub fn come(&mut self, thing: &K) -> Vec<T> {
        let mut ready = Vec::new();
        for number in self.by_thing.remove(thing).unwrap_or_default() {
            let Some(waiting) = self.items.get_mut(&number) else { continue };
            waiting.things -= 1;
            if waiting.things == 0 {
                ready.extend(self.items.remove(&number).map(|waiting| waiting.item));
            }
        }
        ready
    }

    /// Removes and returns the items that wait for this thing, whatever else they wait for.
    pub fn fail(&mut self, thing: &K) -> Vec<T> {
        let numbers = self.by_thing.remove(thing).unwrap_or_default();
        numbers.iter().filter_map(|number| self.items.remove(number)).map(|waiting| waiting.item).collect()
    }
}
