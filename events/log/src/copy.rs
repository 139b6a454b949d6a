//! Copies a log from SQLite to PostgreSQL unchanged: the same positions, ids, times, command keys and bytes, the same
//! lineage and secret. The target cannot be opened as a log before all of it has been read again and is equal. Until
//! then the copy can be stopped at any time, and started again.
//!
//! Deliberately not here: other directions, and a source that is being written.

use std::path::Path;

use event_core::{LogName, envelope::Hash};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    columns::{StoredColumns, damaged_at},
    copied::CopiedRow,
    port::{LogError, limits},
    postgres::Target,
    sqlite::SqliteSource,
};

/// Rows of one reading statement (each of at most `limits::DATA_BYTES_MAX`).
const READ_ROWS_MAX: usize = 500;
/// Rows of one transaction.
const TRANSACTION_ROWS_MAX: usize = 5_000;

impl CopiedRow {
    fn canonical(&self, log: LogName) -> Result<Vec<u8>, LogError> {
        let number = |number: i64| {
            u64::try_from(number).map_err(|_| damaged_at(0)(format!("a row has the position or revision {number}")))
        };
        let columns = StoredColumns {
            position: number(self.position)?,
            stream: &self.stream,
            revision: number(self.revision)?,
            id: self.id,
            kind: &self.kind,
            recorded_at: self.recorded_at,
            command_key: self.command_key.as_deref(),
            meta: &self.meta,
            data: &self.data,
        };
        Ok(columns.event(log)?.canonical())
    }

    fn bytes(&self) -> usize {
        self.meta.len() + self.data.len()
    }

    /// The first column in which two rows differ.
    fn difference(&self, other: &CopiedRow) -> Option<&'static str> {
        let equal = [
            ("position", self.position == other.position),
            ("stream", self.stream == other.stream),
            ("revision", self.revision == other.revision),
            ("id", self.id == other.id),
            ("kind", self.kind == other.kind),
            ("recorded_at", self.recorded_at == other.recorded_at),
            ("command_key", self.command_key == other.command_key),
            ("meta", self.meta == other.meta),
            ("data", self.data == other.data),
        ];
        equal.into_iter().find(|(_, equal)| !equal).map(|(column, _)| column)
    }
}

/// The steps of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyStep {
    /// The rows that an earlier run has copied are compared with the source.
    Comparing,
    Copying,
    /// Both sides are read completely.
    Verifying,
}

/// The progress of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub step: CopyStep,
    /// The number of events that are done, and their total.
    pub done: u64,
    pub of: u64,
}

/// The content of both sides, each read completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub events: u64,
    /// The number of remembered decisions without events.
    pub remembered: u64,
    /// SHA-256 of the canonical records of all events in order of positions, each after its length (u64, big-endian).
    pub sha256: Hash,
    pub lineage: Uuid,
}

/// One log and its target, both locked against other processes.
pub struct LogCopier {
    name: LogName,
    source: SqliteSource,
    target: Target,
    /// The last position of the source, which no process writes.
    end: i64,
    /// The last position of the target when this copy began.
    there: i64,
}

impl LogCopier {
    /// Checks that the log in a folder can be copied to the database at `postgres://…` (as the logs' owner), and
    /// changes nothing.
    ///
    /// # Errors
    /// When the log is missing, another process has it open, or it has another schema version than this binary; when
    /// the target cannot be reached, has not been migrated, is in use, or holds anything but the beginning of this log.
    pub async fn open(from: &Path, to: &str, name: LogName) -> Result<LogCopier, LogError> {
        let mut source = SqliteSource::open(from, name).await?;
        let mut target = Target::open(to, name).await?;
        let end = source.end().await?;
        let there = target.end().await?;
        target.takes(&source.identity, there).await?;
        if there > end {
            let why = format!("the target has {there} events and the source {end}: it has gone on by itself");
            return Err(LogError::Unusable(why));
        }
        Ok(LogCopier { name, source, target, end, there })
    }

    /// Copies the missing rows, and verifies the whole log. Dropping it loses at most the transaction in progress.
    ///
    /// # Errors
    /// When a side fails, the source has a hole, or the sides differ (`LogError::Damaged` says where).
    pub async fn run(mut self, mut progress: impl FnMut(Progress)) -> Result<Copied, LogError> {
        if self.there > 0 {
            let there = self.there;
            self.compare(there, CopyStep::Comparing, &mut progress).await?;
        }
        self.target.begin(&self.source.identity, self.there).await?;
        self.fill(&mut progress).await?;
        let remembered = self.remember().await?;
        let mut copied = self.compare(self.end, CopyStep::Verifying, &mut progress).await?;
        copied.remembered = remembered;
        self.target.finish(&self.source.identity, self.end).await?;
        Ok(copied)
    }

    /// Copies every remembered decision, and reads both sides again. It first empties the target, because an earlier
    /// run may have copied decisions that the source has forgotten since.
    async fn remember(&mut self) -> Result<u64, LogError> {
        self.target.forget_remembered(self.end).await?;
        let (mut after, mut count) = (Vec::new(), 0);
        loop {
            let rows = self.source.remembered(&after, READ_ROWS_MAX).await?;
            let Some(last) = rows.last() else { break };
            let next = last.command_key.clone();
            count += rows.len() as u64;
            self.target.remember(self.end, &rows).await?;
            if self.target.remembered(&after, rows.len()).await? != rows {
                return Err(LogError::Unusable("the sides differ in a remembered decision".into()));
            }
            after = next;
        }
        if !self.target.remembered(&after, 1).await?.is_empty() {
            return Err(LogError::Unusable("the target remembers a decision that the source does not".into()));
        }
        Ok(count)
    }

    async fn fill(&mut self, progress: &mut impl FnMut(Progress)) -> Result<(), LogError> {
        let mut at = self.there;
        while at < self.end {
            let rows = self.next(at).await?;
            let missing = (at + 1..).zip(&rows).find(|(expected, row)| *expected != row.position);
            if rows.is_empty() || missing.is_some() {
                let position = missing.map_or(at + 1, |(expected, _)| expected);
                return Err(damaged(position, "the source does not have it"));
            }
            let last = at + i64::try_from(rows.len()).unwrap_or(i64::MAX);
            self.target.insert(at, rows).await?;
            at = last;
            progress(Progress { step: CopyStep::Copying, done: count(at), of: count(self.end) });
        }
        Ok(())
    }

    /// The rows of the next transaction: limited in number, and approximately in bytes.
    async fn next(&mut self, after: i64) -> Result<Vec<CopiedRow>, LogError> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < TRANSACTION_ROWS_MAX && bytes < limits::PAGE_BYTES_MAX {
            let after = rows.last().map_or(after, |row: &CopiedRow| row.position);
            let more = self.source.rows(after, READ_ROWS_MAX).await?;
            if more.is_empty() {
                break;
            }
            bytes += more.iter().map(CopiedRow::bytes).sum::<usize>();
            rows.extend(more);
        }
        Ok(rows)
    }

    /// Reads both sides from the very beginning up to a position: every row is the same, and the target has no others.
    async fn compare(
        &mut self,
        until: i64,
        step: CopyStep,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Copied, LogError> {
        let (mut ours, mut theirs) = (Sum::default(), Sum::default());
        // Starts before every possible row, so that a row at an invalid position is found, too.
        let mut at = i64::MIN;
        loop {
            let source = self.source.rows(at, READ_ROWS_MAX).await?;
            let target = self.target.rows(at, READ_ROWS_MAX).await?;
            let source: Vec<CopiedRow> = source.into_iter().take_while(|row| row.position <= until).collect();
            for (source, target) in source.iter().zip(&target) {
                if let Some(column) = source.difference(target) {
                    return Err(damaged(source.position.min(target.position), &differs(column)));
                }
            }
            ours.add(&source, self.name)?;
            theirs.add(&target, self.name)?;
            if source.len() != target.len() {
                let odd = source.get(target.len()).or(target.get(source.len()));
                let position = odd.map_or(until, |row| row.position);
                return Err(damaged(position, "only one side has it"));
            }
            let Some(last) = source.last() else { break };
            at = last.position;
            progress(Progress { step, done: ours.events, of: count(until) });
        }
        let (ours, theirs) = (ours.end(), theirs.end());
        if ours != theirs || ours.0 != count(until) {
            return Err(damaged(until, "the sides differ in number or checksum"));
        }
        Ok(Copied { events: ours.0, remembered: 0, sha256: ours.1, lineage: self.source.identity.lineage })
    }
}

/// Count and running checksum of one side.
#[derive(Default)]
struct Sum {
    events: u64,
    sha256: Sha256,
}

impl Sum {
    fn add(&mut self, rows: &[CopiedRow], log: LogName) -> Result<(), LogError> {
        for row in rows {
            let record = row.canonical(log)?;
            self.sha256.update((record.len() as u64).to_be_bytes());
            self.sha256.update(record);
            self.events += 1;
        }
        Ok(())
    }

    fn end(self) -> (u64, Hash) {
        (self.events, self.sha256.finalize().into())
    }
}

fn differs(column: &str) -> String {
    match column {
        "position" => "only one side has it".to_owned(),
        other => format!("source and target differ in its {other}"),
    }
}

fn damaged(position: i64, why: &str) -> LogError {
    LogError::Damaged { position: count(position), why: why.to_owned() }
}

fn count(position: i64) -> u64 {
    u64::try_from(position).unwrap_or_default()
}
