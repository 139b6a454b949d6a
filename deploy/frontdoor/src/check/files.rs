//! The files of a data folder, locked against a running server and opened read-only. The check leaves no file in the
//! folder, which may be on read-only media.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use super::findings::Findings;

/// The maximum number of problems of one file that SQLite reports.
const INTEGRITY: &str = "PRAGMA integrity_check(20)";

pub struct Files {
    pub care: SqliteConnection,
    pub access: Option<SqliteConnection>,
    pub views: Option<SqliteConnection>,
    /// Removed after the connections above are closed, because fields are dropped in this order.
    _indexes: Vec<TemporaryIndex>,
    /// The locks are held until the end.
    _locks: Vec<File>,
}

/// SQLite's index of a write-ahead log. A killed server leaves one; the check removes an index that it had to create.
struct TemporaryIndex(PathBuf);

impl Drop for TemporaryIndex {
    fn drop(&mut self) {
        // The file was just created here, so an error of its removal is a fault of the folder that the check cannot
        // repair.
        drop(std::fs::remove_file(&self.0));
    }
}

impl Files {
    /// # Errors
    /// If the log is missing, or a server has it open.
    pub async fn open(data: &Path) -> anyhow::Result<Files> {
        let care = data.join("care.db");
        if std::fs::metadata(&care).map_or(true, |file| file.len() == 0) {
            bail!("{} holds no log: care.db is missing or empty", data.display());
        }
        let locks = lock(data)?;
        let mut indexes = Vec::new();
        Ok(Files {
            care: open(&care, &mut indexes).await?,
            access: open_if_there(&data.join("access.db"), &mut indexes).await?,
            views: open_if_there(&data.join("views.db"), &mut indexes).await?,
            _indexes: indexes,
            _locks: locks,
        })
    }

    /// The lineage of the log `care`, which the views must share; `None` if it cannot be read.
    pub async fn lineage(&mut self) -> Option<Uuid> {
        sqlx::query_scalar("SELECT lineage FROM log").fetch_one(&mut self.care).await.ok()
    }

    /// # Errors
    /// If a file was written by a newer version, which may store data that this version cannot check.
    pub async fn known_versions(&mut self) -> anyhow::Result<()> {
        for (name, connection) in self.logs() {
            known_version(&format!("{name}.db"), connection, event_log::sqlite::SCHEMA_VERSION).await?;
        }
        if let Some(views) = &mut self.views {
            known_version("views.db", views, projection_engine::SCHEMA_VERSION_SQLITE).await?;
        }
        Ok(())
    }

    pub async fn integrity(&mut self, findings: &mut Findings) {
        let files =
            [("care.db", Some(&mut self.care)), ("access.db", self.access.as_mut()), ("views.db", self.views.as_mut())];
        for (name, connection) in files {
            let Some(connection) = connection else { continue };
            match sqlx::query_scalar::<_, String>(INTEGRITY).fetch_all(connection).await {
                Ok(lines) if lines == ["ok"] => {}
                Ok(lines) => lines.iter().for_each(|line| findings.line(format!("{name}: {line}"))),
                Err(error) => findings.line(format!("{name}: cannot be read: {error}")),
            }
        }
    }

    /// The number of events to check, as far as it can be read.
    pub async fn events(&mut self) -> u64 {
        let mut events = 0;
        for (_, connection) in self.logs() {
            let last = sqlx::query_scalar::<_, i64>("SELECT coalesce(max(position), 0) FROM event");
            events += last.fetch_one(connection).await.map_or(0, |last| u64::try_from(last).unwrap_or(0));
        }
        events
    }

    pub fn logs(&mut self) -> impl Iterator<Item = (&'static str, &mut SqliteConnection)> {
        [("care", Some(&mut self.care)), ("access", self.access.as_mut())]
            .into_iter()
            .filter_map(|(name, connection)| Some((name, connection?)))
    }
}

async fn open_if_there(file: &Path, indexes: &mut Vec<TemporaryIndex>) -> anyhow::Result<Option<SqliteConnection>> {
    if file.is_file() { open(file, indexes).await.map(Some) } else { Ok(None) }
}

/// Opens a file that is not open in a server.
async fn open(file: &Path, indexes: &mut Vec<TemporaryIndex>) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let shown = file.display();
    let context = || format!("{shown} cannot be opened");
    if std::fs::metadata(suffixed(file, "-wal")).map_or(true, |log| log.len() == 0) {
        // There is nothing to recover. `immutable` prevents SQLite from creating files beside this one.
        return options.immutable(true).connect().await.with_context(context);
    }
    let index = suffixed(file, "-shm");
    let there = index.exists();
    let mut connection = options.connect().await.with_context(context)?;
    let first = sqlx::query("SELECT count(*) FROM sqlite_schema").execute(&mut connection).await;
    if !there && index.exists() {
        indexes.push(TemporaryIndex(index));
    }
    // A damaged file is a finding; a file that cannot be read proves nothing.
    if first.is_err_and(|error| matches!(primary_code(&error), Some(READ_ONLY | CANNOT_OPEN))) {
        bail!("{shown} has a write-ahead log, and SQLite can write no index of it: copy the folder to where it can");
    }
    Ok(connection)
}

/// SQLite's primary result codes.
const READ_ONLY: u32 = 8;
const CANNOT_OPEN: u32 = 14;

fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

fn suffixed(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Rejects a file with a schema that is newer than this binary. A version that cannot be read is damage, which the
/// integrity check finds.
async fn known_version(name: &str, connection: &mut SqliteConnection, known: usize) -> anyhow::Result<()> {
    let version = sqlx::query_scalar::<_, i64>("PRAGMA user_version").fetch_one(connection).await;
    match version.map(usize::try_from) {
        Ok(Ok(version)) if version > known => {
            bail!("{name} has schema version {version}, and this binary knows {known} at most: use a newer binary")
        }
        _ => Ok(()),
    }
}

/// A snapshot of views in a separate file, which may be open in a server.
///
/// # Errors
/// If the file is missing.
pub async fn snapshot(file: &Path) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = options.connect().await.with_context(|| format!("{} cannot be opened", file.display()))?;
    known_version(&file.display().to_string(), &mut connection, projection_engine::SCHEMA_VERSION_SQLITE).await?;
    sqlx::raw_sql("BEGIN").execute(&mut connection).await?;
    Ok(connection)
}

/// Takes the locks that a running server holds.
fn lock(data: &Path) -> anyhow::Result<Vec<File>> {
    let mut locks = Vec::new();
    for name in ["care.lock", "access.lock"] {
        let path = data.join(name);
        if !path.exists() {
            continue;
        }
        let file = File::open(&path).with_context(|| path.display().to_string())?;
        match file.try_lock() {
            Ok(()) => locks.push(file),
            Err(TryLockError::WouldBlock) => bail!("{} is in use: stop the server first", data.display()),
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| path.display().to_string()),
        }
    }
    Ok(locks)
}
