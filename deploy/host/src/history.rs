//! Rejects an incomplete installation on SQLite. A server that recreated a lost log would answer as if no events had
//! ever been recorded, and its first command would start another history.

use std::path::{Path, PathBuf};

use anyhow::bail;
use event_log::Log;

use crate::url::Url;

/// Rejects a folder that has lost its log `care`: the file is missing or empty, and other files of the installation
/// exist.
///
/// # Errors
/// Names the files, and the command that starts a new history on purpose.
pub fn has_care(program: &str, log: &Url, views: &Url) -> anyhow::Result<()> {
    let Some(folder) = log.sqlite().map(Path::new).filter(|folder| !holds(folder, "care.db")) else {
        return Ok(());
    };
    let mut others: Vec<PathBuf> = ["access.db", "care.db-wal"].map(|name| folder.join(name)).into();
    others.extend(views.sqlite().map(PathBuf::from));
    let others: Vec<String> =
        others.iter().filter(|file| is_filled(file)).map(|file| file.display().to_string()).collect();
    if others.is_empty() {
        return Ok(());
    }
    lost(program, folder, "care.db", &others.join(", "))
}

/// Rejects a folder that has lost its log `access` although `care` has events. A server that was killed at its first
/// start may have created only one of the two logs.
///
/// # Errors
/// Like `has_care`.
pub fn has_access(program: &str, log: &Url, care: &Log) -> anyhow::Result<()> {
    match log.sqlite().map(Path::new) {
        Some(folder) if care.end() > 0 && !holds(folder, "access.db") => {
            lost(program, folder, "access.db", &format!("{} events in care.db", care.end()))
        }
        Some(_) | None => Ok(()),
    }
}

fn lost(program: &str, folder: &Path, file: &str, others: &str) -> anyhow::Result<()> {
    let folder = folder.display();
    bail!(
        "{folder}/{file} is missing or empty, and there is {others}: restore it from a backup, or begin a new history with \
         `{program} log create sqlite:{folder}`"
    )
}

pub fn holds(folder: &Path, name: &str) -> bool {
    is_filled(&folder.join(name))
}

fn is_filled(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|file| file.len() > 0)
}
