//! The cost of waiting timers, and the rate of timers that are due.

use std::{
    path::Path,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use command_engine::{Engine, Origin};
use futures::{StreamExt, TryStreamExt, stream};
use local::postgres::Database;
use policy_engine::entries;
use vocabulary::appointments::{AppointmentBooked, DiaryEvent};

use super::running::{CLOCK, DUE_AT, NAMES, Place, ROUNDS, booking, only, reminders, tell, tellers};
use crate::{
    append::{CLIENTS, STREAMS, shares, slice_of_many},
    load::median,
    postgres::at_rest,
    results::Measured,
    synthetic,
};

const WAITING_TIMERS: u64 = 1_000_000;
const DUE_TIMERS: u64 = 10_000;
/// The number of commands that the engine has at the same time when it is measured alone.
const IN_FLIGHT: usize = 256;

/// The cost of waiting timers, and the rate of timers that are due at once.
///
/// # Errors
/// If a log or the policies fail.
///
/// # Panics
/// If no PostgreSQL can be started; the message says what is missing.
pub async fn timers(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let at = folder.join("due");
    std::fs::create_dir_all(&at)?;
    let files = due_at_once("timers-due-at-once", format!("sqlite:{}", at.display())).await?;
    let database = Database::new();
    let tables = due_at_once("timers-due-at-once-postgres", database.url("server").await).await?;
    Ok(vec![files, tables, waiting().await?])
}

/// Timers that are due at the same instant, compared with the same commands given to the engine directly.
async fn due_at_once(name: &'static str, url: String) -> anyhow::Result<Measured> {
    let place = Place::open(url).await?;
    let tellers = entries(tellers);
    place.run(tellers.clone()).await?.stop().await?;
    // Two events a booking, and some more.
    let events = synthetic::fill(&place.log, DUE_TIMERS * 23 / 10).await?;
    let mut bookings = Vec::new();
    let mut after = 0;
    while let Some(last) =
        place.log.read(after, 5_000).await?.into_iter().inspect(|event| bookings.extend(booked(event))).last()
    {
        after = last.position;
    }
    let (mut ours, mut engine) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        eprintln!("{name}: round {} of {ROUNDS}", round + 1);
        engine.push(given(&place.engine, &bookings, (round as u128 + 1) << 64).await?);
        CLOCK.store(0, Ordering::SeqCst);
        let running = place.run(only(&tellers, round)).await?;
        running.until(|status| status.position >= events).await?;
        let began = Instant::now();
        CLOCK.store(DUE_AT.micros(), Ordering::SeqCst);
        running.until(|status| status.waiting == 0 && status.lag_events == 0).await?;
        ours.push(bookings.len() as f64 / began.elapsed().as_secs_f64());
        running.stop().await?;
    }
    CLOCK.store(0, Ordering::SeqCst);
    place.log.close().await;
    let row = Measured::against(name, median(ours), "1/s", median(engine), 0.50);
    Ok(row.note(format!(
        "{} timers due at the same instant, each a message; beside the same commands given to the engine, {IN_FLIGHT} at a time",
        bookings.len()
    )))
}

/// The id of the event and the booking, if it is one.
fn booked(event: &event_core::Raw) -> Option<(u128, AppointmentBooked)> {
    let decoded = <DiaryEvent as event_core::Event>::decode(&event.kind, &event.data).ok()?;
    booking(&decoded).map(|booked| (event.id.as_u128(), booked.clone()))
}

/// The rate at which the engine takes a message for each booking.
async fn given(engine: &Engine, bookings: &[(u128, AppointmentBooked)], mark: u128) -> anyhow::Result<f64> {
    let caller = event_core::policy::policy_caller("bench")?;
    let began = Instant::now();
    stream::iter(bookings)
        .map(|(id, booked)| {
            let (command, key) = (tell(booked, id ^ mark), format!("bench-{mark}-{id}"));
            let origin = Origin::new(caller.clone(), key);
            async move { engine.submit(&command, origin).await }
        })
        .buffer_unordered(IN_FLIGHT)
        .try_for_each(|_| std::future::ready(Ok(())))
        .await?;
    Ok(bookings.len() as f64 / began.elapsed().as_secs_f64())
}

/// Appends to a log beside a million waiting timers in the same database, compared with a log without.
async fn waiting() -> anyhow::Result<Measured> {
    const SLICES: usize = 8;
    const SLICE: Duration = Duration::from_secs(2);
    let (full, empty) = (Database::new(), Database::new());
    let mut sides = Vec::new();
    for database in [&full, &empty] {
        let place = Place::open(database.url("server").await).await?;
        let running = place.run(only(&entries(reminders), 0)).await?;
        sides.push((place, running, shares(CLIENTS, STREAMS), Vec::new()));
    }
    eprintln!("timers: {WAITING_TIMERS} rows");
    full.run(&format!(
        "INSERT INTO policies.reaction SELECT '{}', gen_random_uuid(), 0, n, gen_random_uuid(), 'remind-of-appointment', '{{}}', \
         'waiting', {} + n, 0, '' FROM generate_series(1, {WAITING_TIMERS}) AS n",
        NAMES[0],
        DUE_AT.micros()
    ));
    for database in [&full, &empty] {
        at_rest(database).await?;
    }
    for slice in 1..=SLICES {
        eprintln!("timers: slice {slice} of {SLICES}");
        for (place, _, shares, rates) in &mut sides {
            rates.push(slice_of_many(&place.log, shares, SLICE).await?.rate());
        }
    }
    let mut rates = Vec::new();
    for (place, running, _, of_side) in sides {
        running.stop().await?;
        place.log.close().await;
        rates.push(median(of_side));
    }
    let row = Measured::against("append-beside-waiting-timers", rates[0], "events/s", rates[1], 0.95);
    Ok(row.note(format!("{WAITING_TIMERS} timers wait in the same database; {CLIENTS} clients append")))
}
