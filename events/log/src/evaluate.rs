//! Decides a batch in order, for both stores. Pure: it takes heads and known repeats, and returns a plan. Nothing is
//! final before the plan is on disk.
//!
//! Rules against known traps: a condition is checked on the state as proposed by the requests before it, never on an
//! old snapshot; positions are given in the order of the one transaction, never by a sequence taken before it; a
//! request is stored whole or not at all; one request's conflict never fails its neighbours.

use std::collections::HashMap;

use event_core::{StreamName, envelope::Hash};
use uuid::Uuid;

use crate::{
    port::{Append, Expected, Granted, Refused, Stored, limits},
    store::{EarlierOutcome, Request},
};

/// The last event of a stream; zeros if there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub revision: u64,
    pub position: u64,
}

pub(crate) type Heads = HashMap<StreamName, Head>;
pub(crate) type Repeats = HashMap<Hash, EarlierOutcome>;

/// The outcome of a request once the plan is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Rows `from .. from + events` of the plan.
    Store {
        from: usize,
    },
    Holds {
        position: u64,
    },
    /// A repeat of a request that was stored, or decided without events, before this batch.
    Repeat(Hash),
    /// A repeat of an earlier request of this batch, which is stored or decided without events.
    RepeatOf(usize),
    Refuse(Refused),
}

/// An event that will be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventToStore {
    pub request: usize,
    pub event: usize,
    pub position: u64,
    pub revision: u64,
}

/// A request without events and with a decision that will be remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DecisionToRemember {
    pub request: usize,
    pub position: u64,
}

pub(crate) struct Plan {
    pub verdicts: Vec<Verdict>,
    pub rows: Vec<EventToStore>,
    /// Decisions without events that will be remembered.
    pub remembered: Vec<DecisionToRemember>,
    /// The heads that the plan moves.
    pub moved: Heads,
}

/// The inputs to the decision on a batch.
pub(crate) struct BatchInput<'a> {
    /// The heads of all streams in the batch's conditions.
    pub heads: &'a Heads,
    pub repeats: &'a Repeats,
    pub end: u64,
    /// The number of the log's history.
    pub history: u64,
    /// The maximum number of events in one stream.
    pub stream_events_max: u64,
}

/// The unique key on the first event of an append: the command's key, or the first event's id padded with zeros.
pub(crate) fn key_of(append: &Append) -> Option<Hash> {
    command_key_of(append).or_else(|| append.events.first().map(|event| padded(event.id)))
}

/// The key of a command.
pub(crate) fn command_key_of(append: &Append) -> Option<Hash> {
    append.idempotency.as_ref().map(|idempotency| idempotency.command_key)
}

/// The keys by which a repeat of this request is recognised, in this order.
pub(crate) fn known_by(append: &Append) -> impl Iterator<Item = Hash> {
    let earlier = append.idempotency.as_ref().and_then(|idempotency| idempotency.earlier_key);
    key_of(append).into_iter().chain(earlier)
}

/// All keys of the requests that also have a key of an earlier version. No unique index compares the earlier key, so
/// both are looked up, whatever the decision is.
pub(crate) fn keys_beside_earlier(batch: &[Request]) -> impl Iterator<Item = Hash> {
    let has_earlier =
        |append: &&Append| append.idempotency.as_ref().is_some_and(|idempotency| idempotency.earlier_key.is_some());
    batch.iter().map(|request| &request.append).filter(has_earlier).flat_map(known_by)
}

fn padded(id: Uuid) -> Hash {
    let mut key = [0; 32];
    key[..16].copy_from_slice(id.as_bytes());
    key
}

impl Plan {
    pub(crate) fn of(batch: &[Request], input: &BatchInput<'_>) -> Plan {
        let mut plan = Plan {
            verdicts: Vec::with_capacity(batch.len()),
            rows: Vec::with_capacity(batch.len()),
            remembered: Vec::new(),
            moved: Heads::new(),
        };
        let mut decided_keys = HashMap::with_capacity(batch.len());
        for (at, request) in batch.iter().enumerate() {
            let verdict = plan.repeat(batch, request, input, &decided_keys);
            let verdict = match verdict {
                Some(verdict) => verdict,
                None => plan.decide(at, request, input).unwrap_or_else(Verdict::Refuse),
            };
            let decided = match &verdict {
                Verdict::Store { .. } => true,
                Verdict::Holds { position } => plan.remember(at, &request.append, *position),
                Verdict::Repeat(_) | Verdict::RepeatOf(_) | Verdict::Refuse(_) => false,
            };
            if let (true, Some(key)) = (decided, key_of(&request.append)) {
                decided_keys.insert(key, at);
            }
            plan.verdicts.push(verdict);
        }
        plan
    }

    /// Adds a request without events to the remembered decisions, if it has an outcome to remember. True if it was
    /// added.
    fn remember(&mut self, request: usize, append: &Append, position: u64) -> bool {
        let remembered = append.idempotency.as_ref().is_some_and(|idempotency| idempotency.outcome.is_some());
        if remembered {
            self.remembered.push(DecisionToRemember { request, position });
        }
        remembered
    }

    /// The verdict on a repeat. This is checked before anything else.
    fn repeat(
        &self,
        batch: &[Request],
        request: &Request,
        input: &BatchInput<'_>,
        decided_keys: &HashMap<Hash, usize>,
    ) -> Option<Verdict> {
        let hash = hash_of(&request.append);
        let known = |key: Hash| match (input.repeats.get(&key), decided_keys.get(&key)) {
            (Some(found), _) => Some((found.request_hash, Verdict::Repeat(key))),
            (None, Some(&earlier)) => Some((hash_of(&batch[earlier].append), Verdict::RepeatOf(earlier))),
            (None, None) => None,
        };
        let (first_hash, verdict) = known_by(&request.append).find_map(known)?;
        Some(if first_hash == hash { verdict } else { Verdict::Refuse(Refused::KeyReused) })
    }

    fn decide(&mut self, at: usize, request: &Request, input: &BatchInput<'_>) -> Result<Verdict, Refused> {
        // A repeat counts as not stored here: its events are not at the revisions that the later request expects.
        let founded =
            |earlier: &usize| matches!(self.verdicts[*earlier], Verdict::Store { .. } | Verdict::Holds { .. });
        let is_of_another_history = request.history.is_some_and(|history| history != input.history);
        if request.unfounded || is_of_another_history || !request.depends_on.iter().all(founded) {
            return Err(Refused::DependencyFailed);
        }
        let append = &request.append;
        let mut newest = 0;
        for condition in &append.conditions {
            let head = self.head(&condition.stream, input);
            newest = newest.max(head.position);
            match condition.expected {
                Expected::Revision(expected) if expected != head.revision => {
                    let stream = condition.stream.clone();
                    return Err(Refused::Conflict { stream, expected, actual: head.revision });
                }
                Expected::Revision(_) | Expected::Any => {}
            }
        }
        if append.events.is_empty() {
            return Ok(Verdict::Holds { position: newest });
        }
        self.refuse_full(append, input)?;
        Ok(self.store(at, append, input))
    }

    fn refuse_full(&self, append: &Append, input: &BatchInput<'_>) -> Result<(), Refused> {
        let reserve = if append.may_use_reserve { 0 } else { limits::STREAM_EVENTS_RESERVE };
        let most = input.stream_events_max.saturating_sub(reserve);
        for condition in &append.conditions {
            let room = most.saturating_sub(self.head(&condition.stream, input).revision);
            // Counting is needed only near the limit.
            if room < limits::EVENTS_MAX as u64 {
                let added = append.events.iter().filter(|event| event.stream == condition.stream).count() as u64;
                if added > room {
                    return Err(Refused::StreamFull { stream: condition.stream.clone() });
                }
            }
        }
        Ok(())
    }

    fn store(&mut self, at: usize, append: &Append, input: &BatchInput<'_>) -> Verdict {
        let from = self.rows.len();
        for (event, new) in append.events.iter().enumerate() {
            let position = input.end + self.rows.len() as u64 + 1;
            let revision = self.head(&new.stream, input).revision + 1;
            self.moved.insert(new.stream.clone(), Head { revision, position });
            self.rows.push(EventToStore { request: at, event, position, revision });
        }
        Verdict::Store { from }
    }

    fn head(&self, stream: &StreamName, input: &BatchInput<'_>) -> Head {
        self.moved.get(stream).or_else(|| input.heads.get(stream)).copied().unwrap_or_default()
    }

    /// The keys of the requests that this plan does not store, and the keys that no unique index compares. Only the
    /// store can tell if these requests are repeats.
    pub(crate) fn doubtful_keys(&self, batch: &[Request]) -> Vec<Hash> {
        let doubtful = |verdict: &Verdict| match verdict {
            Verdict::Holds { .. } => true,
            Verdict::Refuse(refused) => *refused != Refused::KeyReused,
            Verdict::Store { .. } | Verdict::Repeat(_) | Verdict::RepeatOf(_) => false,
        };
        let of_doubtful = self.verdicts.iter().zip(batch).filter(|(verdict, _)| doubtful(verdict));
        let of_doubtful = of_doubtful.filter_map(|(_, request)| key_of(&request.append));
        of_doubtful.chain(keys_beside_earlier(batch)).collect()
    }

    /// The answers, for a plan that is on disk.
    pub(crate) fn answers(&self, batch: &[Request], repeats: &Repeats) -> Vec<Result<Granted, Refused>> {
        let answer = |(at, verdict): (usize, &Verdict)| match verdict {
            Verdict::Store { from } => Ok(Granted::Stored(self.stored(&batch[at].append, *from))),
            Verdict::Holds { position } => Ok(Granted::Holds { position: *position }),
            Verdict::Repeat(key) => {
                Ok(repeats.get(key).map_or_else(|| Granted::Repeated(Vec::new()), EarlierOutcome::granted))
            }
            Verdict::RepeatOf(earlier) => Ok(self.repeated(*earlier, &batch[*earlier].append)),
            Verdict::Refuse(refused) => Err(refused.clone()),
        };
        self.verdicts.iter().enumerate().map(answer).collect()
    }

    /// The answer to a repeat of an earlier request of the batch.
    fn repeated(&self, earlier: usize, append: &Append) -> Granted {
        match &self.verdicts[earlier] {
            Verdict::Store { from } => Granted::Repeated(self.stored(append, *from)),
            Verdict::Holds { position } => {
                let outcome = append.idempotency.as_ref().and_then(|idempotency| idempotency.outcome.clone());
                Granted::Remembered { position: *position, outcome: outcome.unwrap_or_default() }
            }
            Verdict::Repeat(_) | Verdict::RepeatOf(_) | Verdict::Refuse(_) => Granted::Repeated(Vec::new()),
        }
    }

    fn stored(&self, append: &Append, from: usize) -> Vec<Stored> {
        let rows = self.rows[from..].iter().zip(&append.events);
        let stored = rows.map(|(row, event)| Stored {
            id: event.id,
            kind: event.kind.into(),
            stream: event.stream.clone(),
            revision: row.revision,
            position: row.position,
        });
        stored.collect()
    }
}

fn hash_of(append: &Append) -> Option<Hash> {
    append.idempotency.as_ref().map(|idempotency| idempotency.request_hash)
}
