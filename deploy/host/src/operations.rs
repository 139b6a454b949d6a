//! The operator's pages' view of the system: this process, and the processes at `--peer-admins`.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::join_all;
use http_edge::{
    Problem,
    problem_catalogue::{NOT_FOUND, NOT_READY},
};
use page_engine::{Operations, ProcessSample, SystemState};
use projection_engine::Views;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    app::App,
    peers::{self, ProcessAnswer},
    process_status,
    readiness::Readiness,
    roles::{Role, Roles},
    samples::Samples,
    system_status::{LAG_EVENTS_MAX, ProcessStatus, merged},
};

/// The time limit for an answer of a process.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// The time for which the answers of the processes are shown again, so that many viewers cause one round.
const ROUND_KEPT: Duration = Duration::from_secs(1);

/// The system as this process sees it.
pub struct SystemOperations {
    app: App,
    readiness: Arc<Readiness>,
    samples: Arc<Samples>,
    /// The address of this process's listener for operators.
    address: String,
    peers: Vec<String>,
    client: reqwest::Client,
    /// The last round. The lock is held during a round, so that others wait for its answers.
    last: Mutex<Option<Round>>,
}

/// The answers of all processes at one time, and the state that they make.
struct Round {
    at: Instant,
    answers: Vec<ProcessAnswer>,
    state: Arc<SystemState>,
}

impl SystemOperations {
    /// `address` is that of this process's listener for operators; it may be among the `peers`.
    ///
    /// # Errors
    /// If connections cannot be made.
    pub fn new(
        app: App,
        readiness: Arc<Readiness>,
        samples: Arc<Samples>,
        address: String,
        peers: Vec<String>,
    ) -> anyhow::Result<SystemOperations> {
        let client = peers::client(ANSWER_MAX)?;
        Ok(SystemOperations { app, readiness, samples, address, peers, client, last: Mutex::default() })
    }

    /// The state and the answers that it comes from, at most `ROUND_KEPT` old.
    async fn round(&self) -> (Arc<SystemState>, Vec<ProcessAnswer>) {
        let mut last = self.last.lock().await;
        if let Some(round) = last.as_ref().filter(|round| round.at.elapsed() < ROUND_KEPT) {
            return (Arc::clone(&round.state), round.answers.clone());
        }
        let answers = self.answers().await;
        let mut state = merged(&answers, LAG_EVENTS_MAX);
        state.is_partial = self.peers.is_empty() && self.app.views.as_ref().is_some_and(Views::are_shared);
        let (at, state) = (Instant::now(), Arc::new(state));
        *last = Some(Round { at, answers: answers.clone(), state: Arc::clone(&state) });
        (state, answers)
    }

    async fn answers(&self) -> Vec<ProcessAnswer> {
        let one = async |peer: &String| match *peer == self.address {
            true => self.own().await,
            false => peers::asked(&self.client, peer).await,
        };
        let mut answers = join_all(peers::behind(&self.peers).await.iter().map(one)).await;
        // This process may be among its peers under another name.
        let name = self.app.views.as_ref().map(Views::owner);
        let is_own = |asked: &ProcessAnswer| {
            name.is_some() && ProcessStatus::of(asked).is_ok_and(|status| status.owner.as_deref() == name)
        };
        if !answers.iter().any(is_own) {
            answers.insert(0, self.own().await);
        }
        answers
    }

    async fn own(&self) -> ProcessAnswer {
        let answer = process_status::of(&self.app, &self.readiness).await;
        ProcessAnswer { address: self.address.clone(), answer: Ok(answer) }
    }
}

#[async_trait]
impl Operations for SystemOperations {
    async fn state(&self) -> Arc<SystemState> {
        self.round().await.0
    }

    async fn rebuild(&self, name: &str) -> Result<(), Problem> {
        self.start_rebuild(name).await?;
        // The next look is to show the rebuild.
        *self.last.lock().await = None;
        Ok(())
    }

    fn samples(&self) -> VecDeque<ProcessSample> {
        self.samples.all()
    }
}

impl SystemOperations {
    /// Starts a rebuild here if this process follows the read model, otherwise at a peer.
    async fn start_rebuild(&self, name: &str) -> Result<(), Problem> {
        if let Some(views) = self.app.rebuilds(name).cloned() {
            let name = name.to_owned();
            tokio::spawn(async move {
                match views.rebuild(&name, |_| {}).await {
                    Ok(report) => tracing::info!(name, build = report.build, events = report.events, "rebuilt"),
                    Err(error) => tracing::warn!(name, %error, "a rebuild failed"),
                }
            });
            return Ok(());
        }
        let (state, answers) = self.round().await;
        if state.read_model(name).is_none() {
            return Err(Problem::of(&NOT_FOUND));
        }
        for address in followers(&answers) {
            match peers::start_rebuild(&self.client, address, name).await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::warn!(name, peer = address, error, "a rebuild could not be started at a peer"),
            }
        }
        Err(Problem::of(&NOT_READY).detail("No process that follows read models has answered."))
    }
}

/// The addresses of the processes that follow read models.
fn followers(answers: &[ProcessAnswer]) -> impl Iterator<Item = &str> {
    let follows = |asked: &&ProcessAnswer| {
        let roles = ProcessStatus::of(asked).ok().and_then(|status| status.roles.parse::<Roles>().ok());
        roles.is_some_and(|roles| roles.has(Role::Projections))
    };
    answers.iter().filter(follows).map(|asked| asked.address.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rebuild_is_started_where_read_models_are_followed() {
        let at = |address: &str, roles: &str| ProcessAnswer {
            address: address.to_owned(),
            answer: Ok(json!({"roles": roles})),
        };
        let gone = ProcessAnswer { address: "d:1".to_owned(), answer: Err("refused".to_owned()) };
        let answers = [at("a:1", "query,pages"), at("b:1", "projections"), at("c:1", "relay,projections"), gone];
        assert_eq!(followers(&answers).collect::<Vec<_>>(), ["b:1", "c:1"]);
    }
}
