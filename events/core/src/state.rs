//! States, which are folded from the events of a stream, and streams that are typed by their state.

use std::{any::Any, marker::PhantomData, sync::Arc};

use crate::{
    event::{Event, Undecodable},
    ids::StreamName,
};

/// The state of one stream, folded from its events. `evolve` gets the event's data only, never the envelope, because a
/// proposed event has no position or time yet. It cannot fail, because the event was already decided.
pub trait State: Default + Clone + Send + Sync + 'static {
    type Event: Event;

    fn evolve(&mut self, event: &Self::Event);
}

/// A stream that holds a state of type `S`: an event of another kind on it does not compile.
#[derive(Debug)]
pub struct Stream<S> {
    name: StreamName,
    state: PhantomData<fn() -> S>,
}

impl<S> Clone for Stream<S> {
    fn clone(&self) -> Self {
        Stream { name: self.name.clone(), state: PhantomData }
    }
}

impl<S: State> Stream<S> {
    /// The stream of the thing with this id.
    pub fn of(id: impl std::fmt::Display) -> Stream<S> {
        Stream { name: StreamName::of(S::Event::CATEGORY, id), state: PhantomData }
    }

    pub fn name(&self) -> &StreamName {
        &self.name
    }
}

/// A state of any type, as the engine keeps it.
pub trait AnyState: Any + Send + Sync {
    /// A copy, for applying proposed events to a state that is shared.
    fn boxed_clone(&self) -> Box<dyn AnyState>;
    /// # Errors
    /// When the stored event cannot be read by this binary.
    fn evolve_stored(&mut self, kind: &str, data: &[u8]) -> Result<(), Undecodable>;
    /// Applies an event that is only proposed. An event of another category is a bug of the engine and is ignored.
    fn evolve_proposed(&mut self, event: &dyn Any);
    fn as_any(&self) -> &dyn Any;
}

impl<S: State> AnyState for S {
    fn boxed_clone(&self) -> Box<dyn AnyState> {
        Box::new(self.clone())
    }

    fn evolve_stored(&mut self, kind: &str, data: &[u8]) -> Result<(), Undecodable> {
        self.evolve(&S::Event::decode(kind, data)?);
        Ok(())
    }

    fn evolve_proposed(&mut self, event: &dyn Any) {
        if let Some(event) = event.downcast_ref::<S::Event>() {
            self.evolve(event);
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A request for the state of a stream, with the empty state that the fold begins with.
#[derive(Clone)]
pub struct StateRequest {
    pub stream: StreamName,
    pub empty: fn() -> Box<dyn AnyState>,
}

impl<S: State> From<&Stream<S>> for StateRequest {
    fn from(stream: &Stream<S>) -> StateRequest {
        StateRequest { stream: stream.name.clone(), empty: || Box::new(S::default()) }
    }
}

/// The states that a command reads: a state, or a tuple of two to seven. A stream that is named twice is given twice.
pub trait Reads {
    /// `Stream<A>`, or `(Stream<A>, Stream<B>)`.
    type Streams;
    /// `&A`, or `(&A, &B)`.
    type States<'a>;

    fn wanted(streams: &Self::Streams) -> Vec<StateRequest>;

    /// The states in the order of `wanted`; `None` where the engine gave states of other types.
    fn borrow(states: &[Arc<dyn AnyState>]) -> Option<Self::States<'_>>;
}

fn one<S: State>(state: &Arc<dyn AnyState>) -> Option<&S> {
    // Through the trait object, not through the Arc: an `Arc<dyn AnyState>` is itself `Any`.
    (**state).as_any().downcast_ref::<S>()
}

impl<S: State> Reads for S {
    type Streams = Stream<S>;
    type States<'a> = &'a S;

    fn wanted(stream: &Stream<S>) -> Vec<StateRequest> {
        vec![stream.into()]
    }

    fn borrow(states: &[Arc<dyn AnyState>]) -> Option<&S> {
        match states {
            [state] => one(state),
            _ => None,
        }
    }
}

/// Rust has no generics over the number of a tuple's parts.
macro_rules! reads_tuple {
    ($($state:ident $at:tt),+) => {
        impl<$($state: State),+> Reads for ($($state,)+) {
            type Streams = ($(Stream<$state>,)+);
            type States<'a> = ($(&'a $state,)+);

            fn wanted(streams: &Self::Streams) -> Vec<StateRequest> {
                vec![$((&streams.$at).into()),+]
            }

            fn borrow(states: &[Arc<dyn AnyState>]) -> Option<Self::States<'_>> {
                Some(($(one::<$state>(states.get($at)?)?,)+))
            }
        }
    };
}

reads_tuple!(A 0, B 1);
reads_tuple!(A 0, B 1, C 2);
reads_tuple!(A 0, B 1, C 2, D 3);
reads_tuple!(A 0, B 1, C 2, D 3, E 4);
reads_tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
reads_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
