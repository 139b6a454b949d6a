//! One decision: states, gate, rules, and the request to the log.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use event_core::{
    Decision, StreamName, SubjectId,
    event::AnyEvent,
    personal::{CannotSeal, sealing},
    state::AnyState,
};
use event_log::{Append, Condition, Expected, Idempotency, NewEvent, Ticket};
use uuid::Uuid;

use super::{
    Job, Sequencer, failure,
    job::{InFlightAppend, ReadDependency, SubmittedDecision},
    outcome,
};
use crate::failure::Failure;

/// The states that a command reads, with one entry for each of its streams.
#[derive(Default)]
pub(super) struct ReadStates {
    states: Vec<Arc<dyn AnyState>>,
    conditions: Vec<Condition>,
    depends_on: Vec<Ticket>,
    dependencies: Vec<ReadDependency>,
}

impl Sequencer {
    /// The states of a command's streams; `None` if one of them is not in memory.
    pub(super) fn read(&mut self, job: &Job) -> Option<ReadStates> {
        let mut read = ReadStates::default();
        for wanted in &job.streams {
            let held = self.states.get(&wanted.stream)?;
            let stream = wanted.stream.clone();
            read.states.push(Arc::clone(&held.state));
            read.conditions.push(Condition { stream: stream.clone(), expected: Expected::Revision(held.revision) });
            read.depends_on.extend(held.unresolved);
            read.dependencies.push(ReadDependency { stream, load: held.load, proposed: false });
        }
        Some(read)
    }

    pub(super) fn decide(&mut self, job: Job, read: ReadStates) {
        match judge(&job, &read.states) {
            Ok(decision) => self.submit(job, read, decision, None),
            // A bug is not a decision, so the log has nothing to validate.
            Err(Failure::Broken) => job.answer(Err(Failure::Broken)),
            Err(refusal) => self.submit(job, read, Decision::default(), Some(refusal)),
        }
    }

    fn submit(&mut self, job: Job, read: ReadStates, decision: Decision, refusal: Option<Failure>) {
        let ReadStates { states, conditions, depends_on, mut dependencies } = read;
        // Without these references, only the cache holds the states, so a proposal changes them in place.
        drop(states);
        let subject = job.provenance.subject;
        let (decision, events, refusal) = match self.written(subject, &decision.events) {
            Ok(events) => (decision, events, refusal),
            Err(NotWritten::KeyMissing(subject)) => return self.park_for_key(job, subject),
            // The log validates this answer, too: the command may have been stored before the erasure.
            Err(NotWritten::Erased) => (Decision::default(), Vec::new(), Some(Failure::Erased)),
            Err(NotWritten::Broken) => return job.answer(Err(Failure::Broken)),
        };
        for dependency in &mut dependencies {
            dependency.proposed = decision.events.iter().any(|(stream, _)| *stream == dependency.stream);
        }
        let outcome = events.is_empty().then(|| outcome::encode(refusal.as_ref())).flatten();
        let append = Append {
            conditions,
            events,
            provenance: job.provenance.clone(),
            idempotency: Some(Idempotency { outcome, ..job.idempotency.clone() }),
            depends_on,
            may_use_reserve: job.command.gives_up(),
        };
        match self.log.submit_read_in(self.history, append) {
            Ok(submission) => {
                let ticket = submission.ticket;
                self.states.propose(&decision.events, ticket);
                let sent = Some(SubmittedDecision { job, ticket, dependencies, refusal });
                self.in_flight.push(InFlightAppend { sent, outcome: submission.outcome });
            }
            Err(refused) => job.answer(Err(failure(&refused))),
        }
    }

    /// The events as they are stored, with their personal fields sealed. The id of an event is created here, because
    /// each of its fields is sealed with it.
    fn written(
        &self,
        subject: Option<SubjectId>,
        events: &[(StreamName, Box<dyn AnyEvent>)],
    ) -> Result<Vec<NewEvent>, NotWritten> {
        let write = |(stream, event): &(StreamName, Box<dyn AnyEvent>)| {
            let (id, kind) = (Uuid::now_v7(), event.kind());
            let data = sealing(&self.keys, subject, id, || event.encode());
            let data = data.map_err(|why| match (why, subject) {
                (CannotSeal::Unreachable, Some(subject)) => NotWritten::KeyMissing(subject),
                (CannotSeal::Unreachable, None) => NotWritten::Broken,
                (CannotSeal::Erased, _) => NotWritten::Erased,
            })?;
            let data = data.map_err(|_| {
                tracing::error!(kind, "an event that was decided could not be written");
                NotWritten::Broken
            })?;
            Ok(NewEvent { stream: stream.clone(), id, kind, data: data.into() })
        };
        events.iter().map(write).collect()
    }
}

/// The reason why the events of a decision are not submitted.
enum NotWritten {
    /// The key of this subject is not at hand.
    KeyMissing(SubjectId),
    Erased,
    Broken,
}

/// Checks the gate, then applies the rules.
fn judge(job: &Job, states: &[Arc<dyn AnyState>]) -> Result<Decision, Failure> {
    if let Some(state) = job.access_state.and_then(|at| states.get(at)) {
        job.access.rule.by_state(&job.access.request, &**state)?;
    }
    let given: Vec<Arc<dyn AnyState>> = job.reads.iter().filter_map(|at| states.get(*at).cloned()).collect();
    let decided = catch_unwind(AssertUnwindSafe(|| job.command.decide(&given, &job.context)));
    match decided {
        Ok(Some(Ok(decision))) => Ok(decision),
        Ok(Some(Err(rejected))) => Err(Failure::Rejected(rejected)),
        Ok(None) => {
            tracing::error!(command = job.name, "a command was given states of other types than it reads");
            Err(Failure::Broken)
        }
        // The panic's text may quote data, so it is not logged; its place was printed by the panic hook.
        Err(_panic) => {
            tracing::error!(command = job.name, "a command's rules panicked");
            Err(Failure::Broken)
        }
    }
}
