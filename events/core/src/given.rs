//! Given, when, then: tests of commands without a log (feature `testing`). A `World` holds the events so far, by
//! stream. An expectation that is not met panics, because only tests use this module.

use std::{collections::HashMap, sync::Arc};

use crate::{
    access::Caller,
    command::{Command, Context, Decision},
    event::AnyEvent,
    event::{Event, EventData},
    ids::StreamName,
    rejection::{Rejected, Rejection},
    state::{AnyState, Reads, StateRequest},
    testing::{at, encoded, opened},
    time::Timestamp,
};

/// True if this body cannot be read as a command of this type, neither from text nor from a JSON value.
pub fn refuses<C: Command>(body: serde_json::Value) -> bool {
    serde_json::from_str::<C>(&body.to_string()).is_err() && serde_json::from_value::<C>(body).is_err()
}

/// The events so far, the acting caller, and the time.
#[derive(Clone)]
pub struct World {
    happened: HashMap<StreamName, Vec<(&'static str, Vec<u8>)>>,
    caller: Caller,
    now: Timestamp,
}

impl World {
    /// A world without events, in which this caller acts at this instant.
    pub fn new(caller: Caller, now: &str) -> World {
        World { happened: HashMap::new(), caller, now: at(now) }
    }

    pub fn given<D: EventData>(mut self, event: D) -> World {
        let event: D::Event = event.into();
        self.happened.entry(event.stream()).or_default().push(written(&event));
        self
    }

    pub fn by(self, caller: Caller) -> World {
        World { caller, ..self }
    }

    pub fn at(self, now: &str) -> World {
        World { now: at(now), ..self }
    }

    fn state(&self, wanted: &StateRequest) -> Arc<dyn AnyState> {
        let mut state = (wanted.empty)();
        for (kind, data) in self.happened.get(&wanted.stream).into_iter().flatten() {
            opened(|| state.evolve_stored(kind, data)).expect("a stored event is readable");
        }
        state.into()
    }

    pub fn when<C: Command>(self, command: C) -> Then {
        let context = Context { now: self.now, caller: self.caller.clone() };
        let wanted = C::Reads::wanted(&command.streams(&context));
        let states: Vec<_> = wanted.iter().map(|wanted| self.state(wanted)).collect();
        let decided = command.decide(C::Reads::borrow(&states).expect("the states that were wanted"), &context);
        if let Err(rejected) = &decided {
            let code = rejected.rejection.code;
            assert!(C::REJECTIONS.contains(&rejected.rejection), "{} does not list {code}", C::NAME);
        }
        if let Ok(decision) = &decided {
            let reads = |stream: &StreamName| wanted.iter().any(|wanted| wanted.stream == *stream);
            assert!(
                decision.events.iter().all(|(stream, _)| reads(stream)),
                "it writes a stream that it does not read"
            );
        }
        Then { decided, world: self }
    }
}

fn written(event: &dyn AnyEvent) -> (&'static str, Vec<u8>) {
    (event.kind(), encoded(event))
}

/// The result of a command.
pub struct Then {
    decided: Result<Decision, Rejected>,
    world: World,
}

impl Then {
    fn decision(self) -> (Decision, World) {
        match self.decided {
            Ok(decision) => (decision, self.world),
            Err(rejected) => panic!("rejected: {} {:?}", rejected.rejection.code, rejected.details),
        }
    }

    /// Asserts that exactly these events were recorded, in this order. The world continues with them.
    pub fn records(self, expected: &[&dyn AnyEvent]) -> World {
        let (decision, mut world) = self.decision();
        let readable = |(kind, data): &(&'static str, Vec<u8>)| format!("{kind} {}", String::from_utf8_lossy(data));
        let happened: Vec<_> =
            decision.events.iter().map(|(stream, event)| (stream.clone(), written(event.as_ref()))).collect();
        let expected: Vec<_> = expected.iter().map(|event| readable(&written(*event))).collect();
        assert_eq!(happened.iter().map(|(_, event)| readable(event)).collect::<Vec<_>>(), expected);
        for (stream, event) in happened {
            world.happened.entry(stream).or_default().push(event);
        }
        world
    }

    /// Asserts that events of these kinds were recorded. The world continues with them.
    pub fn records_kinds(self, expected: &[&str]) -> World {
        let (decision, mut world) = self.decision();
        assert_eq!(decision.events.iter().map(|(_, event)| event.kind()).collect::<Vec<_>>(), expected);
        for (stream, event) in decision.events {
            world.happened.entry(stream).or_default().push(written(event.as_ref()));
        }
        world
    }

    pub fn nothing_new(self) -> World {
        self.records(&[])
    }

    /// Asserts that this rejection was given, and returns its details.
    #[track_caller]
    pub fn rejected_with(self, expected: &'static Rejection) -> serde_json::Map<String, serde_json::Value> {
        let details = self.decided.as_ref().err().map(|rejected| rejected.details.clone());
        self.rejected(expected);
        details.unwrap_or_default()
    }

    #[track_caller]
    pub fn rejected(self, expected: &'static Rejection) -> World {
        match self.decided {
            Err(rejected) => assert_eq!(rejected.rejection.code, expected.code, "{:?}", rejected.details),
            Ok(decision) => {
                let kinds: Vec<_> = decision.events.iter().map(|(_, event)| event.kind()).collect();
                panic!("granted: {kinds:?}, not {}", expected.code)
            }
        }
        self.world
    }
}
