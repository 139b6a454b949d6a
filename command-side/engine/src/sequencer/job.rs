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

/// A command that passed the check of its token, on its way to the sequencer.
pub(crate) struct QueuedCommand {
    pub name: &'static str,
    /// Every rejection that its rules can give.
    pub rejections: &'static [&'static Rejection],
    pub command: Arc<dyn AnyCommand>,
    pub access: AccessCheck,
    /// The state that decides about access, if the token alone does not.
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
    /// Created when the sequencer takes the command. The streams may depend on the day, so every decision gets the same
    /// context.
    pub context: Context,
    /// The streams that are read, each once.
    pub streams: Vec<StateRequest>,
    /// The indexes in `streams` of the command's states, in the command's order. A stream that it names twice occurs
    /// twice.
    pub reads: Vec<usize>,
    /// The index in `streams` of the state that decides about access, if there is one.
    pub access_state: Option<usize>,
    pub provenance: Provenance,
    pub idempotency: Idempotency,
    /// The number of times that it was decided again.
    pub again: u32,
    /// True if its key was fetched for this decision. If the key is still not at hand, the command does not wait for it
    /// again.
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

    /// Sends the answer. If the caller no longer waits, the answer is dropped; a repeat with the same key asks for it
    /// again.
    pub fn answer(self, answer: Result<Answer, Failure>) {
        let _ = self.answer.send(answer);
    }
}

/// A stream that a decision depends on.
pub(super) struct ReadDependency {
    pub stream: StreamName,
    /// The number of the load that the decision was made on.
    pub load: u64,
    /// True if the command's events were applied to the cached state.
    pub proposed: bool,
}

/// A decision that was submitted to the log.
pub(super) struct SubmittedDecision {
    pub job: Job,
    pub ticket: Ticket,
    pub dependencies: Vec<ReadDependency>,
    /// The answer if the conditions of a request without events hold; `None` means that there is nothing new.
    pub refusal: Option<Failure>,
}

/// A submitted decision with an outcome that is not known yet.
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
