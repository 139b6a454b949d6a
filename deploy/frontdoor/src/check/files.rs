//! The files of a data folder, locked against a running server and opened to be read only.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use anyhow::{Context, bail};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};

use super::findings::Findings;

/// Problems of one file that SQLite tells.
const INTEGRITY: &str = "PRAGMA integrity_check(20)";

pub struct Files {
    pub care: SqliteConnection,
    pub access: Option<SqliteConnection>,
    pub views: Option<SqliteConnection>,
    /// Held until the end.
    _locks: Vec<File>,
}

impl Files {
    /// # Errors
    /// When there is no log, or a server has it open.
    pub async fn open(data: &Path) -> anyhow::Result<Files> {
        let care = data.join("care.db");
        if !care.is_file() {
            bail!("{} holds no log", data.display());
        }
        let locks = lock(data)?;
        Ok(Files {
            care: open(&care).await?,
            access: open_if_there(&data.join("access.db")).await?,
            views: open_if_there(&data.join("views.db")).await?,
            _locks: locks,
        })
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

    /// How many events there are to check, as far as that can be told.
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

async fn open_if_there(file: &Path) -> anyhow::Result<Option<SqliteConnection>> {
    if file.is_file() { open(file).await.map(Some) } else { Ok(None) }
}

async fn open(file: &Path) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    options.connect().await.with_context(|| format!("{} cannot be opened", file.display()))
}

/// Views in a file of their own, as they are at one moment; a server may have them open.
///
/// # Errors
/// When there is no such file.
pub async fn snapshot(file: &Path) -> anyhow::Result<SqliteConnection> {
    let mut connection = open(file).await?;
    sqlx::raw_sql("BEGIN").execute(&mut connection).await?;
    Ok(connection)
}

/// Takes the locks that a server holds for as long as it runs.
fn lock(data: &Path) -> anyhow::Result<Vec<File>> {
    let mut locks = Vec::new();
    for name in ["care.lock", "access.lock", "views.lock"] {
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
