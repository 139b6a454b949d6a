//! The port of the views' database: a table for each build of each read model, and their checkpoints. Rows and
//! checkpoint are written in one transaction, under the owner's epoch.

use std::{ops::Bound, sync::Arc, time::Duration};

use async_trait::async_trait;
use event_core::Key;
use event_follow::{Checkpoint, HeldLease, Stop};
use event_log::{LogError, lease::Leases};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{ViewsError, fold::Saved, scan::Scan};

/// The time after which an owner of a shared read model loses it unless it renews its lease.
pub const LEASE: Duration = Duration::from_secs(5);

/// The role of the lease for following a read model.
pub fn follow_role(model: ModelKey) -> String {
    format!("view {} v{}", model.name, model.version)
}

/// The role of the lease for rebuilding a read model.
pub fn rebuild_role(model: ModelKey) -> String {
    format!("rebuild {} v{}", model.name, model.version)
}

/// A version of a read model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelKey {
    pub name: &'static str,
    pub version: u32,
}

impl ModelKey {
    pub fn build(self, build: i64) -> Build {
        Build { name: self.name, version: self.version, build }
    }
}

/// One build of a read model, stored in its own table. Numbers are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Build {
    pub name: &'static str,
    pub version: u32,
    pub build: i64,
}

impl Build {
    pub fn key(&self) -> ModelKey {
        ModelKey { name: self.name, version: self.version }
    }

    pub fn table(&self) -> String {
        format!("view_{}_v{}_b{}", self.name, self.version, self.build)
    }
}

/// A build, and the epoch in which its owner writes to it. Epochs only ever increase, even if the build is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnedBuild {
    pub build: Build,
    pub epoch: i64,
}

/// The live build as recorded in the database.
#[derive(Debug, Clone)]
pub struct BuildRecord {
    pub build: i64,
    pub checkpoint: Checkpoint,
    pub lineage: Uuid,
    /// The current owner; `None` if its views belong to a single process.
    pub owner: Option<String>,
    /// Its owner has stopped following.
    pub stopped: Option<Stop>,
}

/// A stored row, and the checkpoint that it belongs to.
pub struct FoundRow {
    pub position: u64,
    pub row: Option<Vec<u8>>,
}

/// Rows in the requested order of their sort keys, and the checkpoint that they belong to.
pub struct FoundPage {
    pub position: u64,
    pub rows: Vec<(String, Vec<u8>)>,
}

/// A build of which the rows have reached a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAdvance {
    pub name: String,
    pub version: u32,
    pub build: i64,
    pub position: u64,
    pub recorded_at: i64,
}

/// A change that another process made to builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerNotification {
    /// Several builds can have advanced at once.
    Advanced(Vec<PeerAdvance>),
    /// Any other change; receivers read the state from the database.
    Changed,
}

/// Receives notifications from other processes.
#[async_trait]
pub trait Listener: Send {
    /// The next notification, or `None` if some may have been missed: the receiver then reads the state from the
    /// database.
    async fn next(&mut self) -> Result<Option<PeerNotification>, ViewsError>;
}

/// The rows of builds.
#[async_trait]
pub trait RowStore: Send + Sync {
    /// The stored rows of these keys.
    async fn load(&self, build: &Build, keys: &[Key]) -> Result<Vec<(Key, Vec<u8>)>, ViewsError>;

    /// Saves rows and checkpoint in one transaction, if this owner still owns the build and the checkpoint is
    /// unchanged. What was cancelled, or failed because the database did not answer, may be saved: the next save finds the
    /// checkpoint elsewhere then.
    ///
    /// # Errors
    /// `Superseded` otherwise.
    async fn save(
        &self,
        build: &Build,
        epoch: i64,
        rows: Vec<Saved>,
        step: CheckpointAdvance,
    ) -> Result<(), ViewsError>;

    /// Saves rows of a build that has none with these keys yet, if this owner still owns it. The checkpoint is not
    /// moved: until it moves, the build is incomplete and is not read.
    async fn fill(&self, build: &Build, epoch: i64, rows: Vec<Saved>, at: CheckpointAdvance) -> Result<(), ViewsError> {
        self.save(build, epoch, rows, at).await
    }

    /// The rows of these keys, with the index of their key. No rows if the build is not live.
    async fn rows(&self, build: &Build, keys: &[&Key]) -> Result<Vec<(usize, FoundRow)>, sqlx::Error>;

    /// The rows of a scan, or `None` if the build is not live.
    async fn page(&self, build: &Build, scan: &Scan) -> Result<Option<FoundPage>, sqlx::Error>;
}

/// The builds of the read models, and which of them is live.
#[async_trait]
pub trait Builds: Send + Sync {
    /// The build that queries read, or `None` if there is none.
    async fn live(&self, model: ModelKey) -> Result<Option<BuildRecord>, ViewsError>;

    /// The live build. If there is none, an empty one is created at position 0.
    async fn ensure_live(&self, model: ModelKey, lineage: Uuid) -> Result<BuildRecord, ViewsError>;

    /// Takes over the live build under a new epoch: later writes of the earlier owner are rejected. `None` if this is
    /// not the live build, or if the views are shared and the lease of the read model has another owner.
    async fn claim(&self, build: &Build, lease: Option<&HeldLease>) -> Result<Option<OwnedBuild>, ViewsError>;

    /// Creates an empty build for a rebuild to fill, and drops those that earlier rebuilds left unfinished.
    ///
    /// # Errors
    /// `Superseded` where processes share the views and the lease of the rebuild was lost.
    async fn begin(&self, model: ModelKey, lineage: Uuid, lease: Option<&HeldLease>) -> Result<OwnedBuild, ViewsError>;

    /// True if a build that was begun is still there for its owner to fill.
    async fn is_filling(&self, build: OwnedBuild) -> Result<bool, ViewsError>;

    /// Makes `new` the live build instead of `old`. `old` is kept until it is dropped, because readers may still use
    /// it. Returns the epoch of `new`.
    ///
    /// # Errors
    /// `Superseded` if this owner no longer owns one of the two, or if another build is live. Nothing changes then.
    async fn replace(&self, new: OwnedBuild, old: Option<OwnedBuild>) -> Result<i64, ViewsError>;

    /// Drops an unfinished build, if this owner still owns it and it is not live.
    async fn discard(&self, build: OwnedBuild) -> Result<(), ViewsError>;

    /// Drops all builds but the live one, unless a rebuild is filling one.
    async fn clean_up(&self, model: ModelKey) -> Result<(), ViewsError>;
}

/// The coordination of processes that share the read models of one database.
#[async_trait]
pub trait SharedViews: Send + Sync {
    /// The leases for following and rebuilding read models.
    fn leases(&self) -> Arc<dyn Leases>;

    /// Records that this process takes part in the work. Returns the number of processes that do.
    async fn heartbeat(&self, owner: &str) -> Result<usize, ViewsError>;

    /// Records that this process no longer takes part in the work.
    async fn leave(&self, owner: &str) -> Result<(), ViewsError>;

    /// Notifies the other processes that the owner has stopped, or continues again.
    async fn stop(&self, build: OwnedBuild, stop: Option<&Stop>) -> Result<(), ViewsError>;

    /// Listens to notifications from now on.
    async fn listen(&self) -> Result<Box<dyn Listener>, ViewsError>;
}

/// The views' database.
pub struct Store {
    pub rows: Arc<dyn RowStore>,
    pub builds: Arc<dyn Builds>,
    /// `None` if the views belong to a single process.
    pub shared: Option<Arc<dyn SharedViews>>,
    /// The store's own tasks. Each task holds the sender of its receiver for as long as it runs.
    pub tasks: Vec<watch::Receiver<()>>,
}

/// A step of a build's checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct CheckpointAdvance {
    pub from: u64,
    pub to: Checkpoint,
}

/// A bound of a scan as SQL: the comparison operator and the value to compare with.
pub fn bound<'a>(bound: &'a Bound<String>, open: &'static str, none: &'a str) -> (String, &'a str) {
    match bound {
        Bound::Included(key) => (format!("{open}="), key),
        Bound::Excluded(key) => (open.to_owned(), key),
        Bound::Unbounded => (format!("{open}="), none),
    }
}

/// Keys are ASCII, so every key is below this one.
pub const ABOVE_ALL_KEYS: &str = "\u{10FFFF}";

/// Positions are always far below 2^63.
pub fn signed(position: u64) -> Result<i64, ViewsError> {
    i64::try_from(position).map_err(|_| LogError::Damaged { position, why: "no log is as long as that".into() }.into())
}

pub fn unsigned(position: i64) -> u64 {
    u64::try_from(position).unwrap_or_default()
}
