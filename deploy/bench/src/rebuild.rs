//! Rebuild of a read model from a log of 10^6 events, against a bare scan of the same columns.

use std::{path::Path, time::Instant};

use event_log::{Log, LogOptions};
use local::postgres::Database;
use projection_engine::{Views, model};
use views::MyAppointments;
use vocabulary::LogName;

use crate::{load::median, postgres::at_rest, results::Measured, synthetic};

const EVENTS: u64 = 1_000_000;
const ROUNDS: usize = 3;

/// From a log in a file into a file.
///
/// # Errors
/// When the log or the views fail.
pub async fn files(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let (log, views) = (folder.display(), folder.join("views.db"));
    let views = format!("sqlite:{}", views.display());
    rebuild("rebuild-my-appointments-1e6", &format!("sqlite:{log}"), &views, None).await
}

/// From a log in PostgreSQL into another database there.
///
/// # Errors
/// When the log or the views fail.
///
/// # Panics
/// Where no PostgreSQL can be started; it says what is missing.
pub async fn tables() -> anyhow::Result<Vec<Measured>> {
    let (log, views) = (Database::new(), Database::new());
    let (log_url, views_url) = (log.url("server").await, views.url("owner").await);
    rebuild("rebuild-postgres-my-appointments-1e6", &log_url, &views_url, Some(&log)).await
}

async fn rebuild(
    name: &'static str,
    log_url: &str,
    views_url: &str,
    database: Option<&Database>,
) -> anyhow::Result<Vec<Measured>> {
    let log = Log::open(log_url, LogName::Care, LogOptions::default()).await?;
    let started = Instant::now();
    let events = synthetic::fill(&log, EVENTS).await?;
    eprintln!("rebuild: {events} events written in {:.1} s", started.elapsed().as_secs_f64());
    if let Some(database) = database {
        at_rest(database).await?;
    }
    let views = Views::open(views_url, log.clone(), vec![model::<MyAppointments>()]).await?;
    let (mut rebuilt, mut scanned) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("rebuild: round {round} of {ROUNDS}");
        scanned.push(bare_scan(&log, events).await?);
        let started = Instant::now();
        views.rebuild("my_appointments", |_| {}).await?;
        rebuilt.push(events as f64 / started.elapsed().as_secs_f64());
    }
    log.close().await;
    let row = Measured::against(name, median(rebuilt), "events/s", median(scanned), 0.60);
    Ok(vec![row.note(format!("{events} events; the scan decodes every column of the envelope"))])
}

/// Events a second of a scan that decodes every column of the envelope, those that are packed into `meta` too, and does
/// nothing with them.
async fn bare_scan(log: &Log, events: u64) -> anyhow::Result<f64> {
    const PAGE: usize = 5_000;
    let started = Instant::now();
    let mut after = 0;
    while let Some(last) = log.read(after, PAGE).await?.last() {
        after = last.position;
    }
    anyhow::ensure!(after == events, "the scan saw {after} of {events} events");
    Ok(events as f64 / started.elapsed().as_secs_f64())
}
