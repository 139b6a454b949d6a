//! The port of the views' database: a table for each build of each read model, and the checkpoints beside them. Rows and
//! checkpoint are written in one transaction, under the owner's epoch.

mod postgres;
mod sqlite;

pub use postgres::SCHEMA_VERSION as SCHEMA_VERSION_POSTGRES;
pub use sqlite::SCHEMA_VERSION as SCHEMA_VERSION_SQLITE;

use std::{ops::Bound, sync::Arc, time::Duration};

use async_trait::async_trait;
use event_core::Key;
use event_follow::{Checkpoint, HeldLease, Stop};
use event_log::{LogError, lease::Leases};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{ViewsError, fold::Saved, reader::Scan};

/// How long an owner of a read model that several processes share keeps it without renewing its lease.
pub const LEASE: Duration = Duration::from_secs(5);

/// The role of following a read model, among the leases.
pub fn follow_role(model: ModelKey) -> String {
    format!("view {} v{}", model.name, model.version)
}

/// The role of rebuilding a read model, among the leases.
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

/// One build of a read model: its table. No number is given twice.
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

/// A build, and the epoch in which its owner writes it. Epochs only grow, whatever becomes of the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnedBuild {
    pub build: Build,
    pub epoch: i64,
}

/// The live build as it stands in the database.
#[derive(Debug, Clone)]
pub struct BuildRecord {
    pub build: i64,
    pub checkpoint: Checkpoint,
    pub lineage: Uuid,
    /// Who owns it now; nobody where its views are one process's own.
    pub owner: Option<String>,
    /// Its owner has stopped.
    pub stopped: Option<Stop>,
}

/// A row as it is stored, and the checkpoint that it belongs to.
pub struct FoundRow {
    pub position: u64,
    pub row: Option<Vec<u8>>,
}

/// Rows in the order that was asked for, by their sort keys, and the checkpoint that they belong to.
pub struct FoundPage {
    pub position: u64,
    pub rows: Vec<(String, Vec<u8>)>,
}

/// What another process did to a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerNotification {
    /// Its rows have come to a position.
    Advanced { name: String, version: u32, build: i64, position: u64, recorded_at: i64 },
    /// Anything else: who wants to know looks.
    Changed,
}

/// Hears what other processes do.
#[async_trait]
pub trait Listener: Send {
    /// The next thing that is told; `None` when something may have been missed: who wants to know looks.
    async fn next(&mut self) -> Result<Option<PeerNotification>, ViewsError>;
}

/// The rows of builds.
#[async_trait]
pub trait RowStore: Send + Sync {
    /// The stored rows of these keys.
    async fn load(&self, build: &Build, keys: &[Key]) -> Result<Vec<(Key, Vec<u8>)>, ViewsError>;

    /// Rows and checkpoint in one transaction, if the build is still this owner's, and still where it left it.
    ///
    /// # Errors
    /// `Superseded` where it is not.
    async fn save(&self, build: &Build, epoch: i64, rows: &[Saved], step: CheckpointAdvance) -> Result<(), ViewsError>;

    /// Rows of a build that has none of these yet, if it is still this owner's. The checkpoint stays where it is: until it
    /// moves the build is of no use, and nothing reads it.
    async fn fill(&self, build: &Build, epoch: i64, rows: &[Saved], at: CheckpointAdvance) -> Result<(), ViewsError> {
        self.save(build, epoch, rows, at).await
    }

    /// The rows of these keys, by the place of the key that they belong to; none where the build is not live.
    async fn rows(&self, build: &Build, keys: &[&Key]) -> Result<Vec<(usize, FoundRow)>, sqlx::Error>;

    /// `None` where the build is not live.
    async fn page(&self, build: &Build, scan: &Scan) -> Result<Option<FoundPage>, sqlx::Error>;
}

/// The builds of read models: which there are, and which one is live.
#[async_trait]
pub trait Builds: Send + Sync {
    /// The build that queries read; `None` where there is none.
    async fn live(&self, model: ModelKey) -> Result<Option<BuildRecord>, ViewsError>;

    /// The live build, which is made where there is none: empty, at position 0.
    async fn ensure_live(&self, model: ModelKey, lineage: Uuid) -> Result<BuildRecord, ViewsError>;

    /// Takes the live build over under a new epoch: what its earlier owner still writes is refused from now on. `None` where
    /// this is not the live build, or the lease of its read model (where processes share the views) has another owner.
    async fn claim(&self, build: &Build, lease: Option<&HeldLease>) -> Result<Option<OwnedBuild>, ViewsError>;

    /// Creates an empty build for a rebuild to fill, and drops those that earlier rebuilds left unfinished. Where processes
    /// share the views, the caller holds the lease of the rebuild.
    async fn begin(&self, model: ModelKey, lineage: Uuid) -> Result<OwnedBuild, ViewsError>;

    /// Makes `new` the build that is read instead of `old`. `old` stays until it is dropped: readers may be in it. Gives
    /// back the epoch of `new`.
    ///
    /// # Errors
    /// `Superseded` where one of the two no longer belongs to this owner, or another build is live. Nothing changes then.
    async fn replace(&self, new: OwnedBuild, old: Option<OwnedBuild>) -> Result<i64, ViewsError>;

    /// Drops a build that was begun, if it is still this owner's and is not live.
    async fn discard(&self, build: OwnedBuild) -> Result<(), ViewsError>;

    /// Drops all builds but the live one, unless a rebuild is filling one.
    async fn clean_up(&self, model: ModelKey) -> Result<(), ViewsError>;
}

/// How processes share the read models of one database.
#[async_trait]
pub trait SharedViews: Send + Sync {
    /// The leases of following and of rebuilding a read model.
    fn leases(&self) -> Arc<dyn Leases>;

    /// Says that this process shares in the work, and how many do.
    async fn heartbeat(&self, owner: &str) -> Result<usize, ViewsError>;

    /// Says that this process shares in the work no more.
    async fn leave(&self, owner: &str) -> Result<(), ViewsError>;

    /// Tells the others that the owner cannot go on, or can again.
    async fn stop(&self, build: OwnedBuild, stop: Option<&Stop>) -> Result<(), ViewsError>;

    /// Hears what is told from now on.
    async fn listen(&self) -> Result<Box<dyn Listener>, ViewsError>;
}

/// The views' database.
pub struct Store {
    pub rows: Arc<dyn RowStore>,
    pub builds: Arc<dyn Builds>,
    /// `None` where the views are one process's own.
    pub shared: Option<Arc<dyn SharedViews>>,
    /// The store's own tasks: the sender of each lives as long as the task.
    pub tasks: Vec<watch::Receiver<()>>,
}

/// A step of a build through the log.
#[derive(Debug, Clone, Copy)]
pub struct CheckpointAdvance {
    pub from: u64,
    pub to: Checkpoint,
}

/// Opens (makes) the views' database at `sqlite:FILE` or `postgres://…`.
pub async fn open(url: &str) -> Result<Store, ViewsError> {
    if let Some(file) = url.strip_prefix("sqlite:").filter(|file| !file.is_empty()) {
        let views = Arc::new(sqlite::SqliteViews::open(file).await?);
        let tasks = vec![views.checkpointing()];
        return Ok(Store { rows: views.clone(), builds: views, shared: None, tasks });
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let views = Arc::new(postgres::PgViews::open(url).await?);
        return Ok(Store { rows: views.clone(), builds: views.clone(), shared: Some(views), tasks: Vec::new() });
    }
    // Not the address itself: it may hold a password.
    Err(ViewsError::Unusable("views are sqlite:FILE or postgres://…".into()))
}

/// A bound of a scan as SQL: the comparison, and what is compared with.
fn bound<'a>(bound: &'a Bound<String>, open: &'static str, none: &'a str) -> (String, &'a str) {
    match bound {
        Bound::Included(key) => (format!("{open}="), key),
        Bound::Excluded(key) => (open.to_owned(), key),
        Bound::Unbounded => (format!("{open}="), none),
    }
}

/// Keys are ASCII, so every key is below this one.
const ABOVE_ALL_KEYS: &str = "\u{10FFFF}";

/// Positions are far below 2^63.
fn signed(position: u64) -> Result<i64, ViewsError> {
    i64::try_from(position).map_err(|_| LogError::Damaged { position, why: "no log is as long as that".into() }.into())
}

fn unsigned(position: i64) -> u64 {
    u64::try_from(position).unwrap_or_default()
}
