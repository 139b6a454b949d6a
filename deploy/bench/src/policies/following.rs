//! The rate at which policies follow a log, and their cost for commands.

use std::{path::Path, sync::Arc, time::Instant};

use anyhow::Context;
use event_log::Log;
use host::options::Places;
use local::postgres::Database;
use policy_engine::entries;
use projection_engine::{Views, model};
use tokio_util::sync::CancellationToken;
use views::MyAppointments;

use super::running::{POLICIES, Place, ROUNDS, RunningPolicies, only, reminders};
use crate::{
    append::CLIENTS,
    load::median,
    over_http::through_engine,
    results::Measured,
    synthetic,
    workload::{BOOKINGS_EACH, PATIENTS, Workload},
};

/// The events of the log that is followed. Less than half are bookings, of which each is a row.
const FOLLOWED: u64 = 300_000;

/// How fast policies follow, and what they cost commands.
///
/// # Errors
/// If a log, the views or the policies fail.
///
/// # Panics
/// If no PostgreSQL can be started; the message says what is missing.
pub async fn policies(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let of_log = Database::new();
    let of_views: [Database; ROUNDS] = std::array::from_fn(|_| Database::new());
    let mut views = Vec::new();
    for database in &of_views {
        views.push(database.url("owner").await);
    }
    let tables = follow("policies-follow-postgres", of_log.url("server").await, &views).await?;
    let at = folder.join("followed");
    std::fs::create_dir_all(&at)?;
    let views: Vec<String> =
        (0..ROUNDS).map(|round| format!("sqlite:{}", at.join(format!("views-{round}.db")).display())).collect();
    let files = follow("policies-follow", format!("sqlite:{}", at.display()), &views).await?;
    Ok(vec![files, tables, beside_commands(&folder.join("town")).await?])
}

/// A policy that writes a row for each booking, compared with a projection that does.
/// Each round has views of its own, because they follow from the beginning.
async fn follow(name: &'static str, log: String, views: &[String]) -> anyhow::Result<Measured> {
    let place = Place::open(log).await?;
    let reminders = entries(reminders);
    // A policy begins at the end of the log that it finds.
    place.run(reminders.clone()).await?.stop().await?;
    eprintln!("{name}: a log of {FOLLOWED} events");
    let events = synthetic::fill(&place.log, FOLLOWED).await?;
    let rate = |began: Instant| events as f64 / began.elapsed().as_secs_f64();
    let (mut ours, mut projections) = (Vec::new(), Vec::new());
    for (round, views) in views.iter().enumerate() {
        eprintln!("{name}: round {} of {ROUNDS}", round + 1);
        projections.push(projected(&place.log, views, events).await?);
        let began = Instant::now();
        let running = place.run(only(&reminders, round)).await?;
        running.until(|status| status.position >= events).await?;
        ours.push(rate(began));
        running.stop().await?;
    }
    place.log.close().await;
    let row = Measured::against(name, median(ours), "events/s", median(projections), 0.50);
    Ok(row.note(format!("{events} events; a timer for each booking, beside a row of MyAppointments for each booking")))
}

/// The rate in events per second at which a new read model follows the log.
async fn projected(log: &Log, url: &str, events: u64) -> anyhow::Result<f64> {
    let began = Instant::now();
    let views = Views::open(url, log.clone(), vocabulary::SERVICES, vec![model::<MyAppointments>()]).await?;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (views, stop) = (views.clone(), stop.clone());
        async move { views.run(stop).await }
    });
    views.caught_up(events).await;
    let rate = events as f64 / began.elapsed().as_secs_f64();
    stop.cancel();
    running.await.context("the views panicked")??;
    Ok(rate)
}

/// Bookings while five policies write a timer for each, compared with bookings without policies.
async fn beside_commands(folder: &Path) -> anyhow::Result<Measured> {
    std::fs::create_dir_all(folder)?;
    let url = format!("sqlite:{}", folder.display());
    let places = Places {
        log_url: url.clone().into(),
        views_url: format!("{url}/views.db").into(),
        feed: None,
        roles: "command,projections".parse().map_err(anyhow::Error::msg)?,
        gateways: Vec::new(),
        gateway_authority: None,
        remember: event_log::REMEMBER,
    };
    let town = Arc::new(Workload::on(folder, places).await?);
    let bookings = PATIENTS * BOOKINGS_EACH / (2 * ROUNDS as u64);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS as u64 {
        eprintln!("command-beside-five-policies: round {} of {ROUNDS}", round + 1);
        let first = round * 2 * bookings;
        without.push(through_engine(&town, CLIENTS as u64, first, bookings).await?.rate());
        let all = entries(reminders);
        let running = RunningPolicies::start(&url, &town.app.care, &town.app.engine, all).await?;
        running.until(|status| status.lag_events == 0).await?;
        with.push(through_engine(&town, CLIENTS as u64, first + bookings, bookings).await?.rate());
        running.until(|status| status.lag_events == 0).await?;
        running.stop().await?;
    }
    town.app.close().await;
    let row = Measured::against("command-beside-five-policies", median(with), "bookings/s", median(without), 0.85);
    Ok(row.note(format!("{CLIENTS} clients; each of the {POLICIES} policies writes a timer for each booking")))
}
