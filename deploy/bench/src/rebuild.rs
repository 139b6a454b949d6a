//! A rebuild of a read model from a log of 500,000 events, compared with a bare scan of the same columns.

use std::{path::Path, time::Instant};

use event_core::LogName;
use event_log::{Log, LogOptions};
use local::postgres::Database;
use projection_engine::{Views, model};
use views::MyAppointments;

use crate::{load::median, postgres::at_rest, results::Measured, synthetic};

/// Writing them takes longer than all measurements.
const EVENTS: u64 = 500_000;
const ROUNDS: usize = 5;

/// From a log in a file into a file.
///
/// # Errors
/// If the log or the views fail.
pub async fn files(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let (log, views) = (folder.display(), folder.join("views.db"));
    let views = format!("sqlite:{}", views.display());
    let filled = Filled::on(&format!("sqlite:{log}"), &views, Vec::new()).await?;
    measured("rebuild-my-appointments", filled).await
}

/// From a log in PostgreSQL into another database there.
///
/// # Errors
/// If the log or the views fail.
///
/// # Panics
/// If no PostgreSQL can be started; the message says what is missing.
pub async fn tables() -> anyhow::Result<Vec<Measured>> {
    measured("rebuild-postgres-my-appointments", Filled::tables().await?).await
}

async fn measured(name: &'static str, filled: Filled) -> anyhow::Result<Vec<Measured>> {
    let (mut rebuilt, mut scanned) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("rebuild: round {round} of {ROUNDS}");
        scanned.push(bare_scan(&filled.log, filled.events).await?);
        rebuilt.push(filled.rebuilt().await?);
    }
    let events = filled.events;
    filled.close().await;
    let row = Measured::against(name, median(rebuilt), "events/s", median(scanned), 0.60);
    Ok(vec![row.note(format!("{events} events; the scan decodes every column of the envelope"))])
}

/// A log with events, and views with a read model to rebuild from it.
pub struct Filled {
    log: Log,
    views: Views,
    events: u64,
    /// The databases exist as long as they are measured.
    _databases: Vec<Database>,
}

impl Filled {
    /// In PostgreSQL, with the views in another database.
    ///
    /// # Errors
    /// If the log or the views fail.
    pub async fn tables() -> anyhow::Result<Filled> {
        let (log, views) = (Database::new(), Database::new());
        let (log_url, views_url) = (log.url("server").await, views.url("owner").await);
        Filled::on(&log_url, &views_url, vec![log, views]).await
    }

    async fn on(log_url: &str, views_url: &str, databases: Vec<Database>) -> anyhow::Result<Filled> {
        let log = Log::open(log_url, LogName::Care, LogOptions::default()).await?;
        let started = Instant::now();
        let events = synthetic::fill(&log, EVENTS).await?;
        eprintln!("rebuild: {events} events written in {:.1} s", started.elapsed().as_secs_f64());
        if let Some(of_log) = databases.first() {
            at_rest(of_log).await?;
        }
        let views = Views::open(views_url, log.clone(), vocabulary::SERVICES, vec![model::<MyAppointments>()]).await?;
        Ok(Filled { log, views, events, _databases: databases })
    }

    /// The rate of one rebuild in events per second.
    ///
    /// # Errors
    /// If the log or the views fail.
    pub async fn rebuilt(&self) -> anyhow::Result<f64> {
        let started = Instant::now();
        self.views.rebuild("my_appointments", |_| {}).await?;
        Ok(self.events as f64 / started.elapsed().as_secs_f64())
    }

    pub async fn close(self) {
        self.log.close().await;
    }
}

/// The rate, in events per second, of a scan that decodes every column of the envelope, including the fields packed
/// into `meta`, without using them.
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
