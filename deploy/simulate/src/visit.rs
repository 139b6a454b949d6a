//! The visit of one user: steps with time to think between them. The time of an answer is counted from the moment at which
//! the user meant to ask: for the first step the drawn moment, for a later one the answer before and the time to think.
//! Every delay of the system and of the generator is therefore counted.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use crate::{
    callers::SimulatedCaller,
    context::RunContext,
    measures::AnswerTime,
    pool::ConnectionPool,
    request::{self, outcome_of, problem_code, with_parameter},
    told::{ToldEvent, ToldLine, ToldOutcome, ToldSlot, ViewClaim},
    town::SimulatedPatient,
};

/// How often a user tries again with the same key after 429, 503 or silence.
const ATTEMPTS_MAX: u32 = 6;
/// The pause of a user without an answer, or with an answer that names no pause.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that a user accepts.
const PAUSE_SECONDS_MAX: u64 = 10;

/// A visit in progress.
pub struct UserVisit {
    pub run: RunContext,
    pub number: u64,
    pub patient: SimulatedPatient,
    pub rng: Rng,
    activity: &'static str,
    step: u32,
    /// The moment at which the user means to ask next.
    due: Instant,
}

/// A command to give.
pub struct CommandAsked {
    pub name: &'static str,
    pub body: Value,
    pub slot: Option<ToldSlot>,
    /// The claims on views once it was granted.
    pub claims: Vec<ViewClaim>,
}

impl CommandAsked {
    pub fn new(name: &'static str, body: Value) -> CommandAsked {
        CommandAsked { name, body, slot: None, claims: Vec::new() }
    }
}

/// A query to ask.
pub struct QueryAsked<'a> {
    pub name: &'static str,
    pub path: String,
    /// The position that the answer has to contain.
    pub after: Option<&'a str>,
}

impl QueryAsked<'_> {
    pub fn new(name: &'static str, path: impl Into<String>) -> QueryAsked<'static> {
        QueryAsked { name, path: path.into(), after: None }
    }
}

/// The answer that ended a step.
#[derive(Debug)]
pub struct Reply {
    pub body: Value,
    /// The code of a refusal.
    pub refusal: Option<String>,
    pub position: Option<String>,
}

impl Reply {
    pub fn is_granted(&self) -> bool {
        self.refusal.is_none()
    }

    /// The items of a list.
    pub fn items(&self) -> &[Value] {
        self.body["items"].as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

/// The visit cannot go on: a step had no answer, or a wrong one. It was counted.
#[derive(Debug)]
pub struct VisitEnded;

impl From<anyhow::Error> for VisitEnded {
    /// A caller's token could not be signed.
    fn from(_: anyhow::Error) -> VisitEnded {
        VisitEnded
    }
}

/// One request of a step, for its attempts.
struct Asking<'a> {
    caller: &'a SimulatedCaller,
    name: &'static str,
    bytes: Vec<u8>,
    /// For a command: its key, and the id of its events.
    key: Option<(String, uuid::Uuid)>,
    after: Option<String>,
}

impl UserVisit {
    pub fn new(
        run: RunContext,
        activity: &'static str,
        patient: SimulatedPatient,
        seed: u64,
        due: Instant,
    ) -> UserVisit {
        let number = run.next_visit();
        UserVisit { number, patient, rng: Rng::with_seed(seed), activity, step: 0, due, run }
    }

    /// The user reads for about this time, between half and one and a half of it, divided by the speed of the run.
    pub fn think(&mut self, seconds: f64) {
        let thought = seconds * (0.5 + self.rng.f64()) / self.run.speed;
        self.due += Duration::from_secs_f64(thought);
    }

    /// The visiting patient.
    ///
    /// # Errors
    /// If the token cannot be signed.
    pub fn caller(&self) -> anyhow::Result<SimulatedCaller> {
        self.run.callers.patient(&self.patient.subject)
    }

    /// A new id of 12 characters that is used by this step only.
    pub fn new_id(&self) -> String {
        // Visits have far fewer steps than 64.
        self.run.id.id(self.number << 6 | u64::from(self.step & 63))
    }

    /// Gives a command.
    ///
    /// # Errors
    /// If it is neither granted nor refused.
    pub async fn give(&mut self, caller: &SimulatedCaller, command: CommandAsked) -> Result<Reply, VisitEnded> {
        let key = format!("sim-{}-{:08}-{:04}", self.run.id.text(), self.number, self.step);
        let correlation = self.run.id.correlation(self.number, self.step);
        let pool = Arc::clone(&self.run.commands);
        let bytes = request::command(pool.host(), &caller.token, command.name, &key, correlation, &command.body);
        let key = Some((key, correlation));
        let asking = Asking { caller, name: command.name, bytes, key, after: None };
        let finish = |line: &mut ToldLine, _: &mut Rng, _: &Value| {
            line.slot = command.slot.clone();
            if line.outcome == ToldOutcome::Granted {
                line.claims.clone_from(&command.claims);
            }
        };
        self.step(&pool, asking, finish).await
    }

    /// Asks a query.
    ///
    /// # Errors
    /// If it is neither answered nor refused.
    pub async fn ask(&mut self, caller: &SimulatedCaller, query: QueryAsked<'_>) -> Result<Reply, VisitEnded> {
        self.ask_and_choose(caller, query, |_, _| None).await.map(|(reply, _)| reply)
    }

    /// Asks a query and chooses a slot from its answer. That the slot was free is part of what the client was told.
    ///
    /// # Errors
    /// If it is neither answered nor refused.
    pub async fn ask_and_choose(
        &mut self,
        caller: &SimulatedCaller,
        query: QueryAsked<'_>,
        choose: impl Fn(&mut Rng, &Value) -> Option<ToldSlot> + Send + Sync,
    ) -> Result<(Reply, Option<ToldSlot>), VisitEnded> {
        let path = match query.after {
            Some(after) => with_parameter(&query.path, "after", after),
            None => query.path,
        };
        let pool = Arc::clone(&self.run.queries);
        let bytes = request::query(pool.host(), &caller.token, &path);
        let after = query.after.map(str::to_owned);
        let asking = Asking { caller, name: query.name, bytes, key: None, after };
        let mut chosen = None;
        let finish = |line: &mut ToldLine, rng: &mut Rng, body: &Value| {
            if line.outcome == ToldOutcome::Granted {
                chosen = choose(rng, body);
                line.slot.clone_from(&chosen);
            }
        };
        let reply = self.step(&pool, asking, finish).await?;
        Ok((reply, chosen))
    }

    /// Sends a request until it is answered, and tells each answer.
    async fn step(
        &mut self,
        pool: &ConnectionPool,
        asking: Asking<'_>,
        mut finish: impl FnMut(&mut ToldLine, &mut Rng, &Value) + Send,
    ) -> Result<Reply, VisitEnded> {
        let (first_due, is_command) = (self.due, asking.key.is_some());
        self.step += 1;
        for attempt in 1..=ATTEMPTS_MAX {
            sleep_until(self.due).await;
            self.run.measures.sent_late(self.due.elapsed());
            let (mut line, body, pause) = self.attempt(pool, &asking, attempt).await;
            finish(&mut line, &mut self.rng, &body);
            let reply = Reply { body, refusal: line.code.clone(), position: line.position.clone() };
            let (outcome, intended) = (line.outcome, self.due);
            self.due = self.run.clock.moment_of(line.answered).max(intended);
            self.run.told.tell(line).await;
            let again = matches!(outcome, ToldOutcome::Busy | ToldOutcome::Unanswered);
            if again {
                self.run.measures.busy();
            }
            if again && attempt < ATTEMPTS_MAX {
                self.due += pause;
                continue;
            }
            let failed = again || outcome == ToldOutcome::Failed;
            let took = self.due.saturating_duration_since(first_due);
            let refusal = reply.refusal.as_deref();
            self.run.measures.answered(AnswerTime { asked: asking.name, is_command, took, refusal, failed });
            return if failed { Err(VisitEnded) } else { Ok(reply) };
        }
        Err(VisitEnded)
    }

    /// The line of one attempt, the answer's body, and the pause before the next attempt.
    async fn attempt(
        &mut self,
        pool: &ConnectionPool,
        asking: &Asking<'_>,
        attempt: u32,
    ) -> (ToldLine, Value, Duration) {
        let exchanged = pool.exchange(&asking.bytes).await;
        let time = |instant| self.run.clock.time_of(instant);
        let (sent, answered) = match &exchanged {
            Ok(received) => (time(received.sent_at), time(received.answered_at)),
            Err(silence) => (time(silence.sent_at), time(silence.ended_at)),
        };
        let (key, correlation) = asking.key.clone().unzip();
        let mut line = ToldLine {
            key: key.unwrap_or_default(),
            correlation,
            visit: self.number,
            activity: self.activity.to_owned(),
            who: asking.caller.id.to_string(),
            asked: asking.name.to_owned(),
            intended: time(self.due),
            sent,
            answered,
            attempt,
            outcome: ToldOutcome::Unanswered,
            status: 0,
            code: None,
            position: None,
            after: asking.after.clone(),
            stale: false,
            events: Vec::new(),
            slot: None,
            claims: Vec::new(),
        };
        let received = match exchanged {
            Ok(received) => received,
            Err(silence) => {
                line.code = Some(format!("unanswered: {}", silence.why));
                return (line, Value::Null, PAUSE);
            }
        };
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        (line.status, line.outcome, line.stale) = (received.status, outcome_of(received.status), received.stale);
        line.position = received.position;
        if line.outcome != ToldOutcome::Granted {
            line.code = Some(problem_code(received.status, &body));
        } else if line.correlation.is_some() {
            line.position = body["position"].as_str().map(str::to_owned);
            let events: Result<Vec<ToldEvent>, _> = serde_json::from_value(body["events"].clone());
            line.events = events.unwrap_or_default();
        }
        // Users do not come again in the same millisecond.
        let seconds = received.retry_after.map_or(PAUSE.as_secs(), |seconds| seconds.min(PAUSE_SECONDS_MAX)) as f64;
        (line, body, Duration::from_secs_f64(seconds + self.rng.f64() / 2.0))
    }
}

#[cfg(test)]
mod tests;
