//! Random histories, which the log must answer as a small model does: a few streams and keys, so that requests
//! interact, in batches, with restarts in between.

use std::collections::HashMap;

use event_core::StreamName;
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any},
    prop_oneof,
    test_runner::{Config, TestRunner},
};

use super::{
    StoreWorld,
    speech::{Say, all, request, stream},
};
use crate::{Append, Expected, Granted, Idempotency, Log, Refused, Stored, Ticket};

const HISTORIES: u32 = 48;

const OUTCOME: &str = "no";

/// A random request; revisions and tickets are filled in when its turn comes.
#[derive(Debug, Clone)]
struct Rolled {
    /// A condition on each of these streams, with its offset from the actual revision.
    conditions: Vec<(u8, i64)>,
    /// Events, each on one of the conditions' streams.
    events: Vec<usize>,
    /// Key, body, the key that an earlier version gave it, and whether a decision without events is remembered.
    key: Option<(u8, u8, Option<u8>, bool)>,
    /// It depends on the request this many places before it.
    depends_on: Option<usize>,
}

#[derive(Debug, Clone)]
enum ContractStep {
    Batch(Vec<Rolled>),
    Restart,
}

fn rolled() -> impl Strategy<Value = Rolled> {
    let off = prop_oneof![8 => Just(0), 1 => Just(-1), 1 => Just(1)];
    let conditions = vec((0..4_u8, off), 0..4);
    let earlier = prop_oneof![2 => Just(None), 1 => (0..4_u8).prop_map(Some)];
    let key = prop_oneof![1 => Just(None), 2 => (0..4_u8, 0..2_u8, earlier, any::<bool>()).prop_map(Some)];
    let depends_on = prop_oneof![3 => Just(None), 1 => (1..6_usize).prop_map(Some)];
    (conditions, vec(any::<usize>(), 0..4), key, depends_on).prop_map(|(mut conditions, events, key, depends_on)| {
        conditions.sort_unstable();
        conditions.dedup_by_key(|(stream, _)| *stream);
        Rolled { conditions, events, key, depends_on }
    })
}

fn history() -> impl Strategy<Value = Vec<ContractStep>> {
    vec(prop_oneof![6 => vec(rolled(), 1..8).prop_map(ContractStep::Batch), 1 => Just(ContractStep::Restart)], 1..16)
}

/// A model of a log, in memory and as simple as possible.
#[derive(Default)]
struct ReferenceLog {
    events: Vec<Stored>,
    commands: HashMap<[u8; 32], ([u8; 32], Vec<Stored>)>,
    /// The tickets of the requests since the last restart, and whether each was stored as proposed.
    ticket_outcomes: Vec<(Ticket, bool)>,
    /// Decisions without events: hash of the request, and position.
    remembered: HashMap<[u8; 32], ([u8; 32], u64)>,
}

impl ReferenceLog {
    fn revision(&self, stream: &StreamName) -> u64 {
        self.events.iter().filter(|event| event.stream == *stream).count() as u64
    }

    /// The outcome of the command with this key, and the hash of its request.
    fn known(&self, key: &[u8; 32]) -> Option<([u8; 32], Granted)> {
        if let Some((hash, stored)) = self.commands.get(key) {
            return Some((*hash, Granted::Repeated(stored.clone())));
        }
        let (hash, position) = self.remembered.get(key)?;
        Some((*hash, Granted::Remembered { position: *position, outcome: OUTCOME.into() }))
    }

    fn answer(&mut self, append: &Append) -> Result<Granted, Refused> {
        if let Some(idempotency) = &append.idempotency {
            let keys = [Some(idempotency.command_key), idempotency.earlier_key];
            if let Some((hash, answer)) = keys.into_iter().flatten().find_map(|key| self.known(&key)) {
                return if hash == idempotency.request_hash { Ok(answer) } else { Err(Refused::KeyReused) };
            }
        }
        let founded = |ticket: &Ticket| self.ticket_outcomes.iter().any(|(known, founded)| known == ticket && *founded);
        if !append.depends_on.iter().all(founded) {
            return Err(Refused::DependencyFailed);
        }
        for condition in &append.conditions {
            let actual = self.revision(&condition.stream);
            if let Expected::Revision(expected) = condition.expected
                && expected != actual
            {
                return Err(Refused::Conflict { stream: condition.stream.clone(), expected, actual });
            }
        }
        let read = |event: &&Stored| append.conditions.iter().any(|condition| condition.stream == event.stream);
        if append.events.is_empty() {
            let position = self.events.iter().filter(read).map(|event| event.position).max().unwrap_or(0);
            if let Some(Idempotency { command_key, request_hash, outcome: Some(_), .. }) = append.idempotency {
                self.remembered.insert(command_key, (request_hash, position));
            }
            return Ok(Granted::Holds { position });
        }
        Ok(Granted::Stored(self.store(append)))
    }

    fn store(&mut self, append: &Append) -> Vec<Stored> {
        let from = self.events.len();
        for event in &append.events {
            let revision = self.revision(&event.stream) + 1;
            let position = self.events.len() as u64 + 1;
            let (id, kind, stream) = (event.id, event.kind.into(), event.stream.clone());
            self.events.push(Stored { id, kind, stream, revision, position });
        }
        let stored = self.events[from..].to_vec();
        if let Some(idempotency) = &append.idempotency {
            self.commands.insert(idempotency.command_key, (idempotency.request_hash, stored.clone()));
        }
        stored
    }

    /// Fills in a request for the state that the requests before it have left.
    fn fill(&self, rolled: &Rolled) -> Append {
        let mut append = request();
        for (id, off) in &rolled.conditions {
            append = append.on(id, self.revision(&stream(id)).saturating_add_signed(*off));
        }
        for pick in &rolled.events {
            if let Some(at) = pick.checked_rem(rolled.conditions.len()) {
                append = append.event(rolled.conditions[at].0);
            }
        }
        if let Some((key, body, earlier, decided)) = rolled.key {
            append = append.key(key, body);
            append = earlier.map_or(append.clone(), |earlier| append.or_before(earlier));
            append = if decided { append.decided(OUTCOME) } else { append };
        }
        let earlier = rolled.depends_on.and_then(|back| self.ticket_outcomes.len().checked_sub(back));
        earlier.map_or(append.clone(), |at| append.after(self.ticket_outcomes[at].0))
    }
}

async fn play(world: StoreWorld, history: Vec<ContractStep>) {
    let mut log = world.open().await;
    let mut model = ReferenceLog::default();
    for step in history {
        match step {
            ContractStep::Batch(batch) => play_batch(&log, &mut model, &batch).await,
            ContractStep::Restart => {
                log = world.reopen(log).await;
                model.ticket_outcomes.clear();
            }
        }
    }
    let places = model.events.iter().map(|event| (event.position, event.stream.to_string(), event.revision));
    assert_eq!(all(&log).await, places.collect::<Vec<_>>());
    for (key, (hash, stored)) in model.commands {
        assert_eq!(log.find(&key).await.expect("readable"), Some((hash, stored)));
    }
    log.close().await;
}

async fn play_batch(log: &Log, model: &mut ReferenceLog, batch: &[Rolled]) {
    let mut waiting = Vec::new();
    for rolled in batch {
        let append = model.fill(rolled);
        let submission = log.submit(append.clone()).expect("submitted");
        let expected = model.answer(&append);
        let founded = matches!(expected, Ok(Granted::Stored(_) | Granted::Holds { .. }));
        model.ticket_outcomes.push((submission.ticket, founded));
        waiting.push((append, submission.outcome, expected));
    }
    for (append, outcome, expected) in waiting {
        assert_eq!(outcome.await, expected, "{append:?}");
    }
}

/// Plays random histories, each in a new world.
pub async fn any_history_is_answered_as_by_the_model(world: impl Fn() -> StoreWorld + Send + 'static) {
    let runtime = tokio::runtime::Handle::current();
    let run = move || {
        let config = Config { cases: HISTORIES, failure_persistence: None, ..Config::default() };
        let played = TestRunner::new(config).run(&history(), |history| {
            runtime.block_on(play(world(), history));
            Ok(())
        });
        if let Err(failure) = played {
            panic!("{failure}");
        }
    };
    tokio::task::spawn_blocking(run).await.expect("every history is answered as by the model");
}
