//! The engine, as other crates use it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use event_core::{AccessRequest, AccessRule, Caller, Command, StreamName, state::AnyState};
use event_log::{Idempotency, Log, Provenance};
use http_edge::{CommandGranted, Commands, Fault, Gate, PageCommand, Problem};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use uuid::Uuid;

use crate::{
    answer::Answer,
    canonical::canonical,
    catalogue::{Catalogue, CommandEntry},
    command_key::CommandKeys,
    failure::Failure,
    options::EngineOptions,
    sequencer::{self, AccessCheck, QueuedCommand, Sequencer},
};

/// The origin of a command, and the key by which a repeat of it is recognised.
#[derive(Debug, Clone)]
pub struct Origin {
    pub caller: Caller,
    /// The stream of the relationship that lets the caller act for the person concerned.
    pub acting_for: Option<StreamName>,
    /// The event to which a policy reacts with this command.
    pub causation: Option<Uuid>,
    /// 16 to 128 visible ASCII characters, new for each command and the same for its repeats. It is hashed, and never
    /// stored.
    pub idempotency_key: Box<str>,
    /// If `None`, the id of the first event is used.
    pub correlation: Option<Uuid>,
    /// W3C `traceparent`.
    pub trace: Option<Box<str>>,
}

impl Origin {
    /// The origin of a command that the caller gives on their own behalf.
    pub fn new(caller: Caller, idempotency_key: impl Into<Box<str>>) -> Origin {
        let idempotency_key = idempotency_key.into();
        Origin { caller, acting_for: None, causation: None, idempotency_key, correlation: None, trace: None }
    }
}

/// Decides commands. Cheap to clone. When the last clone is dropped, commands that were begun are still finished.
#[derive(Clone)]
pub struct Engine {
    log: Log,
    keys: CommandKeys,
    catalogue: Arc<Catalogue>,
    queue: mpsc::Sender<QueuedCommand>,
}

impl Engine {
    /// Starts the task that decides; it needs a running tokio.
    pub fn start(log: Log, catalogue: Catalogue, options: EngineOptions) -> Engine {
        let (queue, waiting) = mpsc::channel(options.queue_max.max(1));
        tokio::spawn(Sequencer::new(log.clone(), waiting, options).run());
        Engine { keys: CommandKeys::new(log.clone()), log, catalogue: Arc::new(catalogue), queue }
    }

    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Waits until the task that decides has ended. If it ends while an engine is in use, that is a bug: no command is
    /// decided any more.
    pub async fn ended(&self) {
        self.queue.closed().await;
    }

    /// Decides a command of a known type, like `execute`. The command is read from its JSON, so both make the same
    /// checks.
    ///
    /// # Errors
    /// As `Failure` says; no event was stored.
    pub async fn submit<C: Command>(&self, command: &C, origin: Origin) -> Result<Answer, Failure> {
        let body = serde_json::to_vec(command).map_err(|error| {
            tracing::error!(%error, command = C::NAME, "a command could not be written");
            Failure::Broken
        })?;
        self.execute(C::NAME, body.into(), origin).await
    }

    /// Decides a command that comes as JSON and stores the decision. The command continues when its caller stops waiting.
    ///
    /// # Errors
    /// As `Failure` says; no event was stored.
    pub async fn execute(&self, name: &str, body: Bytes, origin: Origin) -> Result<Answer, Failure> {
        let began = Instant::now();
        let entry = self.catalogue.get(name);
        let answered = match entry {
            Some(entry) => self.give(entry, &body, origin).await,
            None => Err(Failure::UnknownCommand),
        };
        // A name that is not in the catalogue is arbitrary input, so it is not used in the metrics.
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

    async fn give(&self, entry: &CommandEntry, body: &[u8], origin: Origin) -> Result<Answer, Failure> {
        let key = &origin.idempotency_key;
        if !((16..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(Failure::UnfitKey);
        }
        let json: serde_json::Value = serde_json::from_slice(body)
            .map_err(|error| Failure::Unreadable(Fault { pointer: String::new(), detail: error.to_string() }))?;
        let idempotency = self.idempotency(entry, &json, &origin);
        let command = entry.parse(body, &json)?;
        let Origin { caller, acting_for, causation, correlation, trace, .. } = origin;
        let access = AccessCheck {
            rule: entry.description.who,
            request: AccessRequest { caller, subject: command.answers_for(), organisation: command.organisation() },
        };
        let access_state = access.rule.by_token(&access.request)?;
        let actor = actor(&access.request.caller)?;
        let subject = command.subject();
        let provenance = Provenance { actor, acting_for, subject, correlation, causation, trace };
        let (answer, answered) = oneshot::channel();
        let given = QueuedCommand {
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

    fn idempotency(&self, entry: &CommandEntry, body: &serde_json::Value, origin: &Origin) -> Idempotency {
        let name = entry.description.name;
        let (command_key, earlier_key) = self.keys.of(&origin.caller, name, &origin.idempotency_key);
        Idempotency {
            command_key,
            earlier_key,
            request_hash: self.log.keyed_hash(&[&canonical(body)]),
            // Not yet decided.
            outcome: None,
        }
    }

    /// Checks an access rule against the state that is durable now.
    async fn is_admitted(&self, rule: &dyn AccessRule, request: &AccessRequest) -> Result<(), Failure> {
        let Some(wanted) = rule.by_token(request)? else { return Ok(()) };
        let events = self.log.read_streams(std::slice::from_ref(&wanted.stream)).await.map_err(|error| {
            tracing::error!(%error, "the state that decides about access could not be read");
            Failure::Unavailable
        })?;
        let state: Arc<dyn AnyState> = sequencer::fold(&wanted, events.iter().flatten()).map_err(|error| {
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

#[async_trait]
impl Commands for Engine {
    async fn give(&self, command: PageCommand) -> Result<CommandGranted, Problem> {
        let PageCommand { name, body, caller, idempotency_key, correlation, trace } = command;
        let origin = Origin { correlation, trace, ..Origin::new(caller, idempotency_key) };
        let Answer { position, replayed, .. } = self.execute(name, body, origin).await?;
        Ok(CommandGranted { position, replayed })
    }
}

fn actor(caller: &Caller) -> Result<Box<str>, Failure> {
    let actor = serde_json::to_string(&caller.actor()).map_err(|error| {
        tracing::error!(%error, "an actor could not be written");
        Failure::Broken
    })?;
    Ok(actor.into())
}
