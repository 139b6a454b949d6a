//! Rebuild of a read model from a log of 10^6 events, against a bare scan of the same columns.

use std::{path::Path, time::Instant};

use event_log::{Log, LogOptions};
use projection_engine::{Views, model};
use sqlx::{Connection, Row};
use views::MyAppointments;
use vocabulary::LogName;

use crate::{load::median, results::Measured, synthetic};

const EVENTS: u64 = 1_000_000;
const ROUNDS: usize = 3;

/// # Errors
/// When the log or the views fail.
pub async fn rebuild(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let url = format!("sqlite:{}", folder.display());
    let log = Log::open(&url, LogName::Care, LogOptions::default()).await?;
    let started = Instant::now();
    let events = synthetic::fill(&log, EVENTS).await?;
    eprintln!("rebuild: {events} events written in {:.1} s", started.elapsed().as_secs_f64());
    let views_url = format!("sqlite:{}", folder.join("views.db").display());
    let views = Views::open(&views_url, log.clone(), vec![model::<MyAppointments>()]).await?;
    let (mut rebuilt, mut scanned) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("rebuild: round {round} of {ROUNDS}");
        scanned.push(bare_scan(&folder.join("care.db"), events).await?);
        let started = Instant::now();
        views.rebuild("my_appointments", |_| {}).await?;
        rebuilt.push(events as f64 / started.elapsed().as_secs_f64());
    }
    log.close().await;
    let row = Measured::against("rebuild-my-appointments-1e6", median(rebuilt), "events/s", median(scanned), 0.60);
    Ok(vec![row.note(format!("{events} events; the scan decodes all nine columns through sqlx"))])
}

/// Events a second of a scan that decodes the columns and does nothing with them.
async fn bare_scan(file: &Path, events: u64) -> anyhow::Result<f64> {
    const PAGE: i64 = 5_000;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
    let started = Instant::now();
    let (mut after, mut bytes) = (0_i64, 0);
    loop {
        let page = sqlx::query(
            "SELECT position, stream, revision, id, kind, recorded_at, command_key, meta, data \
             FROM event WHERE position > ? ORDER BY position LIMIT ?",
        )
        .bind(after)
        .bind(PAGE)
        .fetch_all(&mut connection)
        .await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            after = row.try_get(0)?;
            bytes += row.try_get::<String, _>(1)?.len();
            bytes += usize::try_from(row.try_get::<i64, _>(2)?)?;
            bytes += row.try_get::<Vec<u8>, _>(3)?.len();
            bytes += row.try_get::<String, _>(4)?.len();
            bytes += usize::try_from(row.try_get::<i64, _>(5)? & 1)?;
            bytes += row.try_get::<Option<Vec<u8>>, _>(6)?.map_or(0, |key| key.len());
            bytes += row.try_get::<Vec<u8>, _>(7)?.len();
            bytes += row.try_get::<Vec<u8>, _>(8)?.len();
        }
    }
    anyhow::ensure!(after == i64::try_from(events)? && bytes > 0, "the scan saw {after} of {events} events");
    Ok(events as f64 / started.elapsed().as_secs_f64())
}
