//! Runs policies in memory, for laws over random histories. Every new event is given to every policy, and the commands
//! that follow are decided at once or when they are due.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use domain::every_command;
use event_core::{
    Caller, Command, CommandVisitor, Context, Event, Followed, Policy, PolicyVisitor, Reaction, Reads, Recorded, State,
    StreamName, Timestamp,
    event::AnyEvent,
    policy::{RELEASE, policy_caller},
    state::AnyState,
    testing::{encoded, opened, recorded},
};

/// The number of commands in a row after which policies are taken to run for ever.
const COMMANDS_MAX: usize = 10_000;

pub struct PolicyRunner {
    pub now: Timestamp,
    states: HashMap<StreamName, Box<dyn AnyState>>,
    queue: VecDeque<Reaction>,
    timers: BTreeMap<(Timestamp, u64), Reaction>,
    /// By the name that they wait for.
    awaiting: BTreeMap<String, Vec<Reaction>>,
    events: u64,
}

impl PolicyRunner {
    pub fn at(now: Timestamp) -> PolicyRunner {
        let (states, queue, timers) = (HashMap::new(), VecDeque::new(), BTreeMap::new());
        PolicyRunner { now, states, queue, timers, awaiting: BTreeMap::new(), events: 0 }
    }

    /// Appends an event that no command decided.
    pub fn given<S: State>(&mut self, event: impl Into<S::Event>) {
        let event: S::Event = event.into();
        self.append(&event.stream(), &event, || Box::new(S::default()));
    }

    fn append(&mut self, stream: &StreamName, event: &dyn AnyEvent, empty: fn() -> Box<dyn AnyState>) {
        self.events += 1;
        self.states.entry(stream.clone()).or_insert_with(empty).evolve_proposed(event.as_any());
        let (kind, data) = (event.kind(), encoded(event));
        let mut reacting = Reacting { kind, data: &data, runner: self };
        crate::every_policy(&mut reacting);
    }

    /// Decides the command. The events that were recorded, or the code of the rejection.
    pub fn give<C: Command>(&mut self, command: &C, caller: Caller) -> Result<Vec<Box<dyn AnyEvent>>, &'static str> {
        let context = Context { now: self.now, caller };
        let wanted = C::Reads::wanted(&command.streams(&context));
        let state = |wanted: &event_core::state::StateRequest| {
            let known = self.states.get(&wanted.stream);
            Arc::from(known.map_or_else(|| (wanted.empty)(), |state| state.boxed_clone()))
        };
        let states: Vec<Arc<dyn AnyState>> = wanted.iter().map(state).collect();
        let decided = command.decide(C::Reads::borrow(&states).expect("the states that were wanted"), &context);
        let decision = decided.map_err(|rejected| rejected.rejection.code)?;
        let mut events = Vec::new();
        for (stream, event) in decision.events {
            let empty = wanted.iter().find(|wanted| wanted.stream == stream).expect("a stream that it reads").empty;
            self.append(&stream, event.as_ref(), empty);
            events.push(event);
        }
        Ok(events)
    }

    /// Runs one command of a policy that is due, the oldest first. `None` if there is none.
    pub fn next(&mut self) -> Option<Vec<Box<dyn AnyEvent>>> {
        let due = self.timers.first_key_value().is_some_and(|((at, _), _)| *at <= self.now);
        let timer = if due { self.timers.pop_first().map(|(_, reaction)| reaction) } else { None };
        let reaction = timer.or_else(|| self.queue.pop_front())?;
        let mut giving = Giving { reaction: &reaction, runner: self, recorded: None };
        every_command(&mut giving);
        Some(giving.recorded.expect("a command of this name"))
    }

    /// Runs commands of policies until none is due. The events, in order.
    pub fn settle(&mut self) -> Vec<Box<dyn AnyEvent>> {
        let mut events = Vec::new();
        for _ in 0..COMMANDS_MAX {
            match self.next() {
                Some(recorded) => events.extend(recorded),
                None => return events,
            }
        }
        panic!("the policies do not come to an end");
    }
}

struct Reacting<'a> {
    kind: &'static str,
    data: &'a [u8],
    runner: &'a mut PolicyRunner,
}

impl PolicyVisitor for Reacting<'_> {
    fn visit<P: Policy>(&mut self) {
        let Some(event) = opened(|| P::Event::read(self.kind, self.data)).expect("a stored event is readable") else {
            return;
        };
        let now = self.runner.now;
        let fact = Recorded { recorded_at: now, ..recorded(self.runner.events, self.kind, event) };
        for (place, reaction) in (0..).zip(P::react(&fact)) {
            if reaction.command == RELEASE {
                let name = reaction.body.as_str().expect("a name");
                self.runner.queue.extend(self.runner.awaiting.remove(&of_policy(P::NAME, name)).unwrap_or_default());
                continue;
            }
            if let Some(name) = &reaction.awaits {
                self.runner.awaiting.entry(of_policy(P::NAME, name)).or_default().push(reaction);
                continue;
            }
            match reaction.due_at {
                Some(at) => drop(self.runner.timers.insert((at, self.runner.events * 4_096 + place), reaction)),
                None => self.runner.queue.push_back(reaction),
            }
        }
    }
}

/// A name that commands of this policy wait for.
fn of_policy(policy: &str, name: &str) -> String {
    format!("{policy} {name}")
}

struct Giving<'a> {
    reaction: &'a Reaction,
    runner: &'a mut PolicyRunner,
    recorded: Option<Vec<Box<dyn AnyEvent>>>,
}

impl CommandVisitor for Giving<'_> {
    fn visit<C: Command>(&mut self) {
        if C::NAME == self.reaction.command {
            let command: C =
                serde_json::from_value(self.reaction.body.clone()).expect("a policy's command is readable");
            let caller = policy_caller("spec").expect("a caller");
            self.recorded = Some(self.runner.give(&command, caller).unwrap_or_default());
        }
    }
}
