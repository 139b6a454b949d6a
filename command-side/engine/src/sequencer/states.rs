//! The states in memory, each folded from the stored and the proposed events of its stream.

use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use event_core::{StateRequest, StreamName, event::AnyEvent, state::AnyState};
use event_log::{StreamEvent, Ticket};
use lru::LruCache;

use super::job::ReadDependency;

/// The state of a stream, folded from its events.
pub(super) struct Loaded {
    pub state: Arc<dyn AnyState>,
    pub revision: u64,
}

pub(super) struct CachedState {
    pub state: Arc<dyn AnyState>,
    /// The revision, including proposed events.
    pub revision: u64,
    /// The last request that applied events here and that has an unknown outcome. It depends on the requests before it,
    /// so a decision that depends on it depends on all of them.
    pub unresolved: Option<Ticket>,
    /// The number of its load. The outcome of a decision on an earlier load says nothing about this one.
    pub load: u64,
}

pub(super) struct StateCache {
    held: LruCache<StreamName, CachedState>,
    loads: u64,
}

impl StateCache {
    pub fn new(most: usize) -> StateCache {
        StateCache { held: LruCache::new(NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN)), loads: 0 }
    }

    /// The state of a stream, which is marked as used.
    pub fn get(&mut self, stream: &StreamName) -> Option<&CachedState> {
        self.held.get(stream)
    }

    pub fn len(&self) -> usize {
        self.held.len()
    }

    pub fn clear(&mut self) {
        self.held.clear();
    }

    pub fn holds(&self, stream: &StreamName) -> bool {
        self.held.contains(stream)
    }

    pub fn loaded(&mut self, stream: StreamName, loaded: Loaded) {
        self.loads += 1;
        let Loaded { state, revision } = loaded;
        self.held.put(stream, CachedState { state, revision, unresolved: None, load: self.loads });
    }

    /// Applies the events of a submitted request. Decisions that read them depend on the request of the ticket.
    pub fn propose(&mut self, events: &[(StreamName, Box<dyn AnyEvent>)], ticket: Ticket) {
        for (stream, event) in events {
            let Some(held) = self.held.peek_mut(stream) else { continue };
            held.revision += 1;
            held.unresolved = Some(ticket);
            if catch_unwind(AssertUnwindSafe(|| evolve(&mut held.state, event.as_ref()))).is_err() {
                tracing::error!(%stream, kind = event.kind(), "a state panicked over an event and is read again");
                self.held.pop(stream);
            }
        }
    }

    /// Confirms the states that the request proposed, after it was stored.
    pub fn resolve(&mut self, dependencies: &[ReadDependency], ticket: Ticket) {
        for dependency in dependencies {
            if let Some(held) = self.held.peek_mut(&dependency.stream).filter(|held| held.unresolved == Some(ticket)) {
                held.unresolved = None;
            }
        }
    }

    /// Drops the states that may be wrong after the request was not stored, or not as proposed. A state is kept if it
    /// was loaded since, or if it has a pending request and neither this request changed it nor the log named its
    /// stream.
    pub fn invalidate(&mut self, dependencies: &[ReadDependency], named: Option<&StreamName>) {
        for dependency in dependencies {
            let wrong = |held: &CachedState| {
                let suspect = dependency.proposed || named == Some(&dependency.stream) || held.unresolved.is_none();
                suspect && held.load == dependency.load
            };
            if self.held.peek(&dependency.stream).is_some_and(wrong) {
                self.held.pop(&dependency.stream);
            }
        }
    }
}

fn evolve(state: &mut Arc<dyn AnyState>, event: &dyn AnyEvent) {
    if let Some(alone) = Arc::get_mut(state) {
        alone.evolve_proposed(event.as_any());
    } else {
        let mut copy = state.boxed_clone();
        copy.evolve_proposed(event.as_any());
        *state = copy.into();
    }
}

/// A stream that this binary cannot read. The error contains no data, because its cause may quote what is stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("event {position} of kind {kind} cannot be read by this binary")]
    Event { position: u64, kind: String },
    #[error("the state of {0} panicked over its events")]
    Panicked(StreamName),
}

/// The state that results from the stored events of a stream. Within `personal::opening` their personal fields are
/// open.
///
/// # Errors
/// When an event cannot be read, or the state panics over it.
pub(crate) fn fold<'a>(
    wanted: &StateRequest,
    events: impl IntoIterator<Item = &'a StreamEvent>,
) -> Result<Arc<dyn AnyState>, Unreadable> {
    let folded = catch_unwind(AssertUnwindSafe(|| {
        let mut state = (wanted.empty)();
        for event in events {
            state
                .evolve_stored(&event.kind, &event.data)
                .map_err(|_| Unreadable::Event { position: event.position, kind: event.kind.clone().into_owned() })?;
        }
        Ok(Arc::from(state))
    }));
    folded.unwrap_or_else(|_| Err(Unreadable::Panicked(wanted.stream.clone())))
}

#[cfg(test)]
mod tests {
    use event_core::Stream;
    use vocabulary::registrations::Registration;

    use super::*;

    fn loaded(states: &mut StateCache) -> (StreamName, ReadDependency) {
        let stream = Stream::<Registration>::of("somebody").name().clone();
        states.loaded(stream.clone(), Loaded { state: Arc::new(Registration::default()), revision: 0 });
        let load = states.get(&stream).expect("held").load;
        (stream.clone(), ReadDependency { stream, load, proposed: true })
    }

    #[test]
    fn what_failed_on_an_earlier_load_says_nothing_about_this_one() {
        let mut states = StateCache::new(2);
        let (_, earlier) = loaded(&mut states);
        let (stream, this) = loaded(&mut states);
        states.invalidate(&[earlier], Some(&stream));
        assert!(states.get(&stream).is_some());
        states.invalidate(&[this], None);
        assert!(states.get(&stream).is_none());
    }
}
