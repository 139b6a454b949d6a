//! The events of one correlation as a tree by causation: an event stands below the event that caused it. The events of one
//! command have the same cause, so they are siblings.

use std::collections::HashMap;

/// The deepest level. Deeper events stand on this level, so that a long chain is readable on a small screen.
pub const DEPTH_MAX: usize = 6;

/// An event of a tree.
pub trait Caused {
    type Id: Copy + Eq + std::hash::Hash;
    fn id(&self) -> Self::Id;
    fn cause(&self) -> Option<Self::Id>;
}

/// A place in the tree, in the order in which the tree is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    pub event: T,
    /// 0 for a root.
    pub depth: usize,
    /// True if the next place is one level deeper.
    pub opens: bool,
    /// The number of levels that end after this place.
    pub closes: usize,
    /// True if the cause is an event that is not in the tree.
    pub lacks_cause: bool,
}

/// The tree of these events, which are in the order of their positions. A cause counts only if it is an earlier event, so
/// there are no circles, and no event is left out.
pub fn tree<T: Caused>(events: Vec<T>) -> Vec<Placed<T>> {
    let mut places: HashMap<T::Id, usize> = HashMap::new();
    let mut parents: Vec<Option<usize>> = Vec::new();
    for (place, event) in events.iter().enumerate() {
        parents.push(event.cause().and_then(|cause| places.get(&cause).copied()));
        places.insert(event.id(), place);
    }
    let mut children: Vec<Vec<usize>> = events.iter().map(|_| Vec::new()).collect();
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (place, parent) in parents.iter().enumerate().rev() {
        match parent {
            // From the last to the first, so that the first child is on top of the stack.
            Some(parent) => children[*parent].push(place),
            None => open.push((place, 0)),
        }
    }
    let mut order = Vec::with_capacity(events.len());
    // Each event is on the stack once.
    while let Some((place, depth)) = open.pop() {
        order.push((place, depth));
        open.extend(children[place].iter().map(|child| (*child, (depth + 1).min(DEPTH_MAX))));
    }
    let mut events: Vec<Option<T>> = events.into_iter().map(Some).collect();
    let mut placed = Vec::with_capacity(order.len());
    for (at, (place, depth)) in order.iter().enumerate() {
        let after = order.get(at + 1).map_or(0, |(_, depth)| *depth);
        let Some(event) = events[*place].take() else { continue };
        let lacks_cause = event.cause().is_some() && parents[*place].is_none();
        let (opens, closes) = (after > *depth, depth.saturating_sub(after));
        placed.push(Placed { event, depth: *depth, opens, closes, lacks_cause });
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Known(u32, Option<u32>);

    impl Caused for Known {
        type Id = u32;
        fn id(&self) -> u32 {
            self.0
        }
        fn cause(&self) -> Option<u32> {
            self.1
        }
    }

    fn drawn(events: &[(u32, Option<u32>)]) -> Vec<(u32, usize)> {
        let events = events.iter().map(|(id, cause)| Known(*id, *cause)).collect();
        tree(events).iter().map(|placed| (placed.event.0, placed.depth)).collect()
    }

    #[test]
    fn an_event_stands_below_its_cause_and_the_events_of_one_command_are_siblings() {
        let events = [(1, None), (2, None), (3, Some(1)), (4, Some(1)), (5, Some(3)), (6, Some(2))];
        assert_eq!(drawn(&events), [(1, 0), (3, 1), (5, 2), (4, 1), (2, 0), (6, 1)]);
    }

    #[test]
    fn an_event_without_its_cause_is_a_root_and_nothing_is_lost() {
        assert_eq!(drawn(&[(3, Some(1)), (4, Some(3))]), [(3, 0), (4, 1)]);
        assert_eq!(drawn(&[(1, Some(2)), (2, Some(1)), (3, Some(3))]), [(1, 0), (2, 1), (3, 0)]);
        let lacking = tree(vec![Known(3, Some(1)), Known(4, None)]);
        assert_eq!(lacking.iter().map(|placed| placed.lacks_cause).collect::<Vec<_>>(), [true, false]);
        assert_eq!(drawn(&[]), []);
    }

    /// The page writes an opening tag for each level that opens, and closing tags for those that end.
    #[test]
    fn every_level_that_opens_ends() {
        let chain: Vec<Known> = (1..=20).map(|id| Known(id, (id > 1).then(|| id - 1))).collect();
        let branched = [(1, None), (2, Some(1)), (3, Some(2)), (4, None), (5, Some(4))].map(|(id, c)| Known(id, c));
        for events in [chain, branched.to_vec()] {
            let mut depth = 0;
            for placed in tree(events.clone()) {
                assert_eq!(placed.depth, depth);
                assert!(placed.depth <= DEPTH_MAX);
                depth = depth + usize::from(placed.opens) - placed.closes;
            }
            assert_eq!(depth, 0);
        }
    }
}
