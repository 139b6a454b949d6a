//! Where the verification reads: the log as an auditor sees it, and the views as clients see them.

use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use async_trait::async_trait;
use event_core::Timestamp;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    callers::{CallerBook, SimulatedCaller},
    pool::{ConnectionPool, HttpAnswer},
    request::{self, outcome_of, with_parameter},
    told::ToldOutcome,
};

/// The events of one answer: the most that the API gives.
const EVENTS_OF_A_PAGE: usize = 500;
/// How often a request is tried again while the system is busy or a view is late, and the pause between.
const TRIES_MAX: u32 = 30;
const PAUSE: std::time::Duration = std::time::Duration::from_secs(1);
/// The pages of a list that are looked through for an item.
const PAGES_MAX: usize = 40;

/// An event, as the auditor's API shows it.
#[derive(Debug, Clone, Deserialize)]
pub struct LoggedEvent {
    #[serde(deserialize_with = "number")]
    pub position: u64,
    #[serde(deserialize_with = "number")]
    pub revision: u64,
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(rename = "subject")]
    pub stream: String,
    /// When it was recorded.
    pub time: Timestamp,
    pub correlation: Uuid,
    pub data: Box<RawValue>,
}

fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

/// The log.
#[async_trait]
pub trait LogSource: Send + Sync {
    /// Some events after this position, in order; none at the end.
    ///
    /// # Errors
    /// If the log cannot be read.
    async fn after(&self, position: u64) -> anyhow::Result<Vec<LoggedEvent>>;

    /// All events of a stream, in order.
    ///
    /// # Errors
    /// If the log cannot be read.
    async fn stream(&self, name: &str) -> anyhow::Result<Vec<LoggedEvent>>;
}

/// The views.
#[async_trait]
pub trait ViewSource: Send + Sync {
    /// The answer to a query with the rows as of this position at least, from this page on. `None` if it is not found. The
    /// caller is the desk of a practice, or else the patient with this id.
    ///
    /// # Errors
    /// If the view cannot be read.
    async fn get(&self, patient: &str, desk: Option<&str>, path: &str, after: u64) -> anyhow::Result<Option<Value>>;
}

/// The system under load.
pub struct SystemSources {
    queries: Arc<ConnectionPool>,
    callers: Arc<CallerBook>,
    auditor: SimulatedCaller,
}

impl SystemSources {
    /// # Errors
    /// If a token cannot be signed.
    pub fn of(queries: Arc<ConnectionPool>, callers: Arc<CallerBook>) -> anyhow::Result<SystemSources> {
        let auditor = callers.auditor()?;
        Ok(SystemSources { queries, callers, auditor })
    }

    /// The answer to a query, once the system is not busy and the view not late.
    async fn answer(&self, caller: &SimulatedCaller, path: &str) -> anyhow::Result<HttpAnswer> {
        let bytes = request::query(self.queries.host(), &caller.token, path);
        for _ in 0..TRIES_MAX {
            match self.queries.exchange(&bytes).await {
                // 504: the view has not reached the position in time.
                Ok(answer) if outcome_of(answer.status) != ToldOutcome::Busy && answer.status != 504 => {
                    return Ok(answer);
                }
                Ok(_) | Err(_) => sleep(PAUSE).await,
            }
        }
        bail!("{path} is not answered")
    }

    async fn events(&self, path: &str) -> anyhow::Result<Vec<LoggedEvent>> {
        let answer = self.answer(&self.auditor, path).await?;
        ensure!(answer.status == 200, "{path} was answered {}", answer.status);
        serde_json::from_slice(&answer.body).with_context(|| format!("{path} is not understood"))
    }
}

#[async_trait]
impl LogSource for SystemSources {
    async fn after(&self, position: u64) -> anyhow::Result<Vec<LoggedEvent>> {
        self.events(&format!("/events?after=care:{position}&limit={EVENTS_OF_A_PAGE}")).await
    }

    async fn stream(&self, name: &str) -> anyhow::Result<Vec<LoggedEvent>> {
        let mut all = Vec::new();
        loop {
            let from = all.len() + 1;
            let page = self.events(&format!("/streams/{name}?from={from}&limit={EVENTS_OF_A_PAGE}")).await?;
            let is_last = page.len() < EVENTS_OF_A_PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }
}

#[async_trait]
impl ViewSource for SystemSources {
    async fn get(&self, patient: &str, desk: Option<&str>, path: &str, after: u64) -> anyhow::Result<Option<Value>> {
        let caller = match desk {
            Some(practice) => self.callers.desk(practice)?,
            None => self.callers.patient(patient)?,
        };
        let path = with_parameter(&with_parameter(path, "after", &format!("care:{after}")), "strict", "true");
        let mut whole: Option<Value> = None;
        let mut page = path.clone();
        for _ in 0..PAGES_MAX {
            let answer = self.answer(&caller, &page).await?;
            if answer.status == 404 {
                return Ok(whole);
            }
            ensure!(answer.status == 200, "{page} was answered {}", answer.status);
            let mut body: Value = serde_json::from_slice(&answer.body)?;
            let next = body["next"].as_str().map(str::to_owned);
            match whole.as_mut().and_then(|whole| whole["items"].as_array_mut()) {
                Some(items) => items.extend(body["items"].as_array_mut().map(std::mem::take).unwrap_or_default()),
                None => whole = Some(body),
            }
            match next {
                Some(cursor) => page = with_parameter(&path, "cursor", &cursor),
                None => return Ok(whole),
            }
        }
        Ok(whole)
    }
}
