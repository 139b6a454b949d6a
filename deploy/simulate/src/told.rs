//! The record of what clients were told: one line of JSON for each answer. `frontdoor check --told` reads the same file.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    thread::JoinHandle,
};

use anyhow::{Context, anyhow};
use event_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;
use uuid::Uuid;

/// The number of lines that wait for the disk. Further answers wait, which the report shows as a late generator.
const LINES_MAX: usize = 16_384;

/// One answer to one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToldLine {
    /// The idempotency key; empty for a query.
    pub key: String,
    /// The id that the events of this command carry; absent for a query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Uuid>,
    pub visit: u64,
    pub activity: String,
    /// A patient's random id, or the id of a member of staff.
    pub who: String,
    /// The name of the command or query.
    pub asked: String,
    /// When the user meant to ask, which was drawn before the run or follows from the answer before.
    pub intended: Timestamp,
    pub sent: Timestamp,
    pub answered: Timestamp,
    /// 1, 2, 3 … for the same key.
    pub attempt: u32,
    pub outcome: ToldOutcome,
    /// 0 without an answer.
    pub status: u16,
    /// The code of the problem; without an answer, the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The position of a granted command, or of the rows of a query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// The position that the query asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// True if the answer itself says that it is older than what was asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<ToldEvent>,
    /// The slot that a command is about, or that a query said was free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<ToldSlot>,
    /// The members that views have to show if the command was granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ViewClaim>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToldOutcome {
    /// A command was granted, or a query answered.
    Granted,
    /// A rule refused the command, or a query found nothing.
    Refused,
    /// The system asked the client to come again (429, 503).
    Busy,
    /// The request was wrong (a fault of the simulation), or the system is broken.
    Failed,
    /// No answer came.
    Unanswered,
}

/// An event, as the answer of a granted command names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ToldEvent {
    pub id: Uuid,
    pub kind: String,
    pub stream: String,
    pub revision: u64,
    pub position: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToldSlot {
    pub session: String,
    pub starts_at: Timestamp,
}

/// A view has to show something: at `path`, the answer itself (if `item` is empty) or one of its items, with all members
/// of `item`, has all members of `shows`. A later claim on the same item of the same path replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViewClaim {
    /// The caller that can see it: the code of the practice for its desk; absent for the patient of the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
    pub path: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub item: BTreeMap<String, Value>,
    pub shows: BTreeMap<String, Value>,
}

impl ViewClaim {
    /// `item` and `shows` are objects.
    pub fn new(path: impl Into<String>, item: Value, shows: Value) -> ViewClaim {
        let members = |value: Value| match value {
            Value::Object(members) => members.into_iter().collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => BTreeMap::new(),
        };
        ViewClaim { desk: None, path: path.into(), item: members(item), shows: members(shows) }
    }

    /// Seen by the desk of this practice.
    #[must_use]
    pub fn at_desk(self, practice: &str) -> ViewClaim {
        ViewClaim { desk: Some(practice.to_owned()), ..self }
    }
}

/// Writes lines to a file, in a thread of its own.
#[derive(Clone)]
pub struct ToldWriter(mpsc::Sender<Option<ToldLine>>);

/// The thread that writes the file.
pub struct ToldFile {
    end: mpsc::Sender<Option<ToldLine>>,
    thread: JoinHandle<anyhow::Result<u64>>,
}

impl ToldWriter {
    /// # Errors
    /// If the file cannot be made.
    pub fn to(file: &Path) -> anyhow::Result<(ToldWriter, ToldFile)> {
        let mut into = BufWriter::new(File::create(file).with_context(|| file.display().to_string())?);
        let (lines, mut coming) = mpsc::channel::<Option<ToldLine>>(LINES_MAX);
        let write = move || {
            let mut written = 0;
            while let Some(Some(line)) = coming.blocking_recv() {
                serde_json::to_writer(&mut into, &line)?;
                into.write_all(b"\n")?;
                written += 1;
            }
            into.flush()?;
            Ok(written)
        };
        Ok((ToldWriter(lines.clone()), ToldFile { end: lines, thread: std::thread::spawn(write) }))
    }

    /// Waits while the disk is behind. After a fault of the file, which `ToldFile::written` reports, lines are lost.
    pub async fn tell(&self, line: ToldLine) {
        drop(self.0.send(Some(line)).await);
    }
}

impl ToldFile {
    /// Ends the file, and returns the number of its lines. Later lines are lost.
    ///
    /// # Errors
    /// If the file could not be written.
    pub async fn written(self) -> anyhow::Result<u64> {
        // After a fault of the file its thread has ended already.
        drop(self.end.send(None).await);
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await?;
        joined.map_err(|_| anyhow!("the thread that writes what clients were told panicked"))?
    }
}
