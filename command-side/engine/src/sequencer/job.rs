//! A command on its way through the sequencer.

use std::{pin::Pin, sync::Arc, task};

use event_core::{AccessRequest, AccessRule, Context, Rejection, StateRequest, StreamName, Timestamp};
use event_log::{Granted, Idempotency, PendingOutcome, Provenance, Refused, Ticket};
use tokio::sync::oneshot;

use crate::{answer::Answer, catalogue::AnyCommand, failure::Failure};

/// A request for access and the rule that decides about it.
pub(crate) struct AccessCheck {
    pub rule: &'static dyn AccessRule,
    pub request: AccessRequest,
}

/// A command that its token admits, on its way to the sequencer.
pub(crate) struct QueuedCommand {
    pub name: &'static str,
    /// Every rejection that its rules can give.
    pub rejections: &'static [&'static Rejection],
    pub command: Arc<dyn AnyCommand>,
    pub access: AccessCheck,
    /// The state that decides about access, where the token alone does not.
    pub access_state: Option<StateRequest>,
    pub provenance: Provenance,
    pub idempotency: Idempotency,
    pub answer: oneshot::Sender<Result<Answer, Failure>>,
}

pub(crate) struct Job {
    pub name: &'static str,
    /// Every rejection that its rules can give.
    pub rejections: &'static [&'static Rejection],
    pub command: Arc<dyn AnyCommand>,
    pub access: AccessCheck,
    /// Of when the sequencer took it: its streams may depend on the day, so each decision is given the same.
    pub context: Context,
    /// Every stream that is read, once.
    pub streams: Vec<StateRequest>,
    /// Where in `streams` the command's states are, in its own order; a stream that it names twice is given twice.
    pub reads: Vec<usize>,
    /// Where in `streams` the state is that decides about access, where one does.
    pub access_state: Option<usize>,
    pub provenance: Provenance,
    pub idempotency: Idempotency,
    /// How often it was decided again.
    pub again: u32,
    /// Its key was fetched for this decision. A key that is still not at hand is not waited for once more.
    pub key_fetched: bool,
    answer: oneshot::Sender<Result<Answer, Failure>>,
}

impl Job {
    pub fn new(given: QueuedCommand, now: Timestamp) -> Job {
        let QueuedCommand { name, rejections, command, access, access_state, provenance, idempotency, answer } = given;
        let mut streams: Vec<StateRequest> = Vec::with_capacity(4);
        let mut place = |wanted: StateRequest| {
            streams.iter().position(|known| known.stream == wanted.stream).unwrap_or_else(|| {
                streams.push(wanted);
                streams.len() - 1
            })
        };
        let context = Context { now, caller: access.request.caller.clone() };
        let reads = command.wanted(&context).into_iter().map(&mut place).collect();
        let access_state = access_state.map(&mut place);
        Job {
            name,
            rejections,
            command,
            access,
            context,
            streams,
            reads,
            access_state,
            provenance,
            idempotency,
            again: 0,
            key_fetched: false,
            answer,
        }
    }

    /// Nobody may be waiting any more: then the answer is asked for again, by the key.
    pub fn answer(self, answer: Result<Answer, Failure>) {
        let _ = self.answer.send(answer);
    }
}

/// A stream on which a command was decided.
pub(super) struct ReadDependency {
    pub stream: StreamName,
    /// Which load of the stream it was.
    pub load: u64,
    /// The command's events happened on the cached state.
    pub proposed: bool,
}

/// A decision that was submitted.
pub(super) struct SubmittedDecision {
    pub job: Job,
    pub ticket: Ticket,
    pub dependencies: Vec<ReadDependency>,
    /// What is answered if the conditions of a request without events hold.
    pub refusal: Option<Failure>,
}

/// A decision whose outcome is not known yet.
pub(super) struct InFlightAppend {
    pub sent: Option<SubmittedDecision>,
    pub outcome: PendingOutcome,
}

impl Future for InFlightAppend {
    type Output = Option<(SubmittedDecision, Result<Granted, Refused>)>;

    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        Pin::new(&mut self.outcome).poll(context).map(|outcome| Some((self.sent.take()?, outcome)))
    }
}
