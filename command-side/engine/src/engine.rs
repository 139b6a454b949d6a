//! The engine as the rest of the house sees it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use event_core::{AccessRequest, AccessRule, Caller, LogPosition, Timestamp, state::AnyState};
use event_log::{Idempotency, Log, Provenance, Stored};
use http_edge::{Fault, Gate, Problem};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use uuid::Uuid;

use crate::{
    canonical::canonical,
    catalogue::{Catalogue, Entry},
    command_key::CommandKeys,
    failure::Failure,
    lane::{self, Access, Given, Lane},
};

/// Limits and ports of an engine. `Default` is what a server uses.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Commands that may wait to be decided; one more is `Failure::Overloaded`.
    pub queue_max: usize,
    /// Commands whose missing states are loaded in one read.
    pub batch_max: usize,
    /// Commands whose outcome may be unknown at once. Smaller than the log's queue, so that the log refuses none.
    pub in_flight_max: usize,
    /// Streams whose state is kept in memory: a few KiB each as a rule, and bounded, as streams are.
    pub states_max: usize,
    /// How often a command is decided again when what it was decided on was not so.
    pub decisions_again_max: u32,
    /// A command has one time: when it is taken out of the queue.
    pub clock: fn() -> Timestamp,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            queue_max: 8_192,
            batch_max: 256,
            in_flight_max: 4_096,
            states_max: 20_000,
            decisions_again_max: 3,
            clock: || Timestamp::from_jiff(jiff::Timestamp::now()),
        }
    }
}

/// What comes with a command beside its body.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// 16 to 128 visible ASCII characters, new for each wish. It is hashed, and never stored.
    pub idempotency_key: Box<str>,
    /// `None`: the id of the first event.
    pub correlation: Option<Uuid>,
    /// W3C `traceparent`.
    pub trace: Option<Box<str>>,
}

/// A command that was granted; everything in it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// A view that has come here shows it. Of the last event, or the highest that was read where nothing was stored.
    pub position: LogPosition,
    pub events: Vec<Stored>,
    /// The same command was granted before; this is what was answered then.
    pub replayed: bool,
}

/// Decides commands. Cheap to clone; when the last clone is dropped, what was begun is still finished.
#[derive(Clone)]
pub struct Engine {
    log: Log,
    keys: CommandKeys,
    catalogue: Arc<Catalogue>,
    queue: mpsc::Sender<Given>,
}

impl Engine {
    /// Starts the task that decides; it needs a running tokio.
    pub fn start(log: Log, catalogue: Catalogue, options: EngineOptions) -> Engine {
        let (queue, waiting) = mpsc::channel(options.queue_max.max(1));
        tokio::spawn(Lane::new(log.clone(), waiting, options).run());
        Engine { keys: CommandKeys::new(log.clone()), log, catalogue: Arc::new(catalogue), queue }
    }

    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Waits until the task that decides has ended. While an engine is in use that is a bug: it decides nothing any more.
    pub async fn ended(&self) {
        self.queue.closed().await;
    }

    /// Decides a command and stores what it decides. It goes on when nobody waits for its answer any more.
    ///
    /// # Errors
    /// As `Failure` says; no event was stored.
    pub async fn execute(
        &self,
        caller: Caller,
        name: &str,
        body: Bytes,
        request: RequestContext,
    ) -> Result<Answer, Failure> {
        let began = Instant::now();
        let entry = self.catalogue.get(name);
        let answered = match entry {
            Some(entry) => self.give(entry, caller, &body, request).await,
            None => Err(Failure::UnknownCommand),
        };
        // A name that is not in the catalogue is whatever somebody typed.
        let command = entry.map_or("unknown", |entry| entry.description.name);
        let outcome = match &answered {
            Ok(answer) if answer.replayed => "replayed",
            Ok(answer) if answer.events.is_empty() => "nothing-new",
            Ok(_) => "stored",
            Err(failure) => failure.outcome(),
        };
        metrics::counter!("commands_total", "command" => command, "outcome" => outcome).increment(1);
        metrics::histogram!("command_seconds", "command" => command).record(began.elapsed());
        answered
    }

    async fn give(
        &self,
        entry: &Entry,
        caller: Caller,
        body: &[u8],
        request: RequestContext,
    ) -> Result<Answer, Failure> {
        let idempotency = self.idempotency(entry, &caller, body, &request)?;
        let command = entry.parse(body)?;
        let access = Access {
            rule: entry.description.who,
            request: AccessRequest { caller, subject: command.answers_for(), organisation: command.organisation() },
        };
        let access_state = access.rule.by_token(&access.request)?;
        let provenance = Provenance {
            actor: actor(&access.request.caller)?,
            acting_for: None,
            subject: command.subject(),
            correlation: request.correlation,
            causation: None,
            trace: request.trace,
        };
        let (answer, answered) = oneshot::channel();
        let given = Given {
            name: entry.description.name,
            rejections: entry.description.rejections,
            command,
            access,
            access_state,
            provenance,
            idempotency,
            answer,
        };
        self.queue.try_send(given).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Failure::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Failure::Broken,
        })?;
        answered.await.unwrap_or(Err(Failure::Broken))
    }

    fn idempotency(
        &self,
        entry: &Entry,
        caller: &Caller,
        body: &[u8],
        request: &RequestContext,
    ) -> Result<Idempotency, Failure> {
        let key = &request.idempotency_key;
        if !((16..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(Failure::UnfitKey);
        }
        let body: serde_json::Value = serde_json::from_slice(body)
            .map_err(|error| Failure::Unreadable(Fault { pointer: String::new(), detail: error.to_string() }))?;
        let (command_key, earlier_key) = self.keys.of(caller, entry.description.name, key);
        Ok(Idempotency {
            command_key,
            earlier_key,
            request_hash: self.log.keyed_hash(&[&canonical(&body)]),
            // Not yet decided.
            outcome: None,
        })
    }

    /// Checks an access rule on what is durable now.
    async fn is_admitted(&self, rule: &dyn AccessRule, request: &AccessRequest) -> Result<(), Failure> {
        let Some(wanted) = rule.by_token(request)? else { return Ok(()) };
        let events = self.log.read_streams(std::slice::from_ref(&wanted.stream)).await.map_err(|error| {
            tracing::error!(%error, "the state that decides about access could not be read");
            Failure::Unavailable
        })?;
        let state: Arc<dyn AnyState> = lane::fold(&wanted, events.iter().flatten()).map_err(|error| {
            tracing::error!(%error, "the state that decides about access holds an event that this binary cannot read");
            Failure::Broken
        })?;
        Ok(rule.by_state(request, &*state)?)
    }
}

#[async_trait]
impl Gate for Engine {
    async fn admit(&self, rule: &dyn AccessRule, request: &AccessRequest) -> Result<(), Problem> {
        self.is_admitted(rule, request).await.map_err(Problem::from)
    }
}

fn actor(caller: &Caller) -> Result<Box<str>, Failure> {
    let actor = serde_json::to_string(&caller.actor()).map_err(|error| {
        tracing::error!(%error, "an actor could not be written");
        Failure::Broken
    })?;
    Ok(actor.into())
}
