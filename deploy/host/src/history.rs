//! An installation on SQLite is whole, or it is refused. A server that made a lost log again would answer as if nothing
//! had happened, and its first command would begin another history.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use event_core::LogName;
use event_log::{Log, LogOptions};

use crate::{Application, Misconfigured, cli::LogCreate, operator::ask, output, url::Url};

/// Refuses a folder that has lost its log `care`: that file is missing or empty, and others of the installation are there.
///
/// # Errors
/// Names the files, and the command that begins a new history on purpose.
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

/// Refuses a folder that has lost its log `access`, where `care` has events. A server that was killed at its first start
/// may have made one of two logs only.
///
/// # Errors
/// As `has_care`.
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

fn holds(folder: &Path, name: &str) -> bool {
    is_filled(&folder.join(name))
}

fn is_filled(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|file| file.len() > 0)
}

/// `log create sqlite:FOLDER`: makes the logs that are missing.
///
/// # Errors
/// When none is missing, or one cannot be made.
pub fn create(application: &Application, options: &LogCreate) -> anyhow::Result<()> {
    let program = application.name;
    let Some(folder) = options.folder.sqlite().map(Path::new) else {
        let why = format!("a log is created in sqlite:FOLDER; in PostgreSQL, `{program} migrate` makes both");
        return Err(Misconfigured(why).into());
    };
    let missing: Vec<LogName> = LogName::ALL.into_iter().filter(|log| !holds(folder, &format!("{log}.db"))).collect();
    if missing.is_empty() {
        bail!("{} has both logs: nothing is to be created", folder.display());
    }
    ask(async {
        for name in missing {
            let opened = Log::open(options.folder.exposed(), name, LogOptions::default()).await;
            let log = opened.with_context(|| format!("the log {name} cannot be created"))?;
            output::line(format_args!("the log {name} begins a new history: lineage {}", log.lineage()));
            log.close().await;
        }
        anyhow::Ok(())
    })?;
    output::line(format_args!(
        "views that were made from another history stop: `{program} rebuild NAME`, or delete them"
    ));
    Ok(())
}
