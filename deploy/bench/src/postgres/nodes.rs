//! Two command nodes on one database, compared with one of them alone. A node is a separate process of this same
//! binary, which reads orders from its standard input: `SECONDS CLIENTS CONFLICTS`, where the last is the percentage of
//! appends to a stream that the other node may have written in the meantime.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use event_core::{LogName, StreamName};
use event_log::{Granted, Log, LogOptions, Refused};
use local::postgres::Database;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{
    append::{one_event, shares},
    load::{self, AnswerTimes, median},
    process::{Process, ProcessResult},
    results::Measured,
};

const CLIENTS: usize = 256;
const STREAMS_OF_A_NODE: usize = 25_000;
/// The number of streams that each client of one node shares with its counterpart at the other.
const SHARED_STREAMS: usize = 20;
/// If two nodes write a shared stream at random, every second append to it meets a conflict: this makes 8 % of all
/// appends.
const SHARED_PERCENT: u64 = 16;
const ROUNDS: usize = 5;
const SLICE: Duration = Duration::from_secs(2);

/// # Errors
/// If the database or a node fails.
///
/// # Panics
/// If no PostgreSQL can be started; the message says what is missing.
pub async fn two_nodes() -> anyhow::Result<Vec<Measured>> {
    let database = Database::new();
    let url = database.url("server").await;
    let program = std::env::current_exe()?;
    let node = || Process::start(&program, &["--node", &url]);
    let (mut one, mut other) = (node()?, node()?);
    let (mut alone, mut apart, mut meeting) = (Vec::new(), Vec::new(), Vec::new());
    let (mut conflicts, mut stored) = (0, 0);
    for round in 0..=ROUNDS {
        eprintln!("two-nodes: round {round} of {ROUNDS}");
        let single = one.order(&order(CLIENTS, 0)).await?;
        let together = both(&mut one, &mut other, 0).await?;
        let met = both(&mut one, &mut other, SHARED_PERCENT).await?;
        // The first round warms up nodes and database.
        if round > 0 {
            alone.push(single.rate());
            apart.push(together.0);
            meeting.push(met.0);
            (conflicts, stored) = (conflicts + met.1, stored + met.2);
        }
    }
    let (alone, share) = (median(alone), 100.0 * conflicts as f64 / stored as f64);
    let note = format!("{share:.1} % of the appends met a conflict first, and were sent again on what it said");
    Ok(vec![
        Measured::against("two-nodes-without-conflicts", median(apart), "events/s", alone, 0.55)
            .note(format!("{CLIENTS} clients, half of them at each node, beside all of them at one")),
        Measured::against("two-nodes-8-percent-conflicts", median(meeting), "events/s", alone, 0.45).note(note),
    ])
}

/// Runs both at once: events per second, conflicts, events.
async fn both(one: &mut Process, other: &mut Process, shared_percent: u64) -> anyhow::Result<(f64, u64, u64)> {
    one.begin(&order(CLIENTS / 2, shared_percent)).await?;
    other.begin(&order(CLIENTS / 2, shared_percent)).await?;
    let (one, other) = (one.done().await?, other.done().await?);
    Ok((one.rate() + other.rate(), one.conflicts + other.conflicts, one.done + other.done))
}

fn order(clients: usize, shared_percent: u64) -> String {
    format!("{} {clients} {shared_percent}", SLICE.as_secs())
}

/// The process of a node. It ends with its standard input.
///
/// # Errors
/// If the log fails, or an order is not understood.
pub async fn node(url: &str) -> anyhow::Result<()> {
    let log = Log::open(url, LogName::Care, LogOptions::default()).await?;
    let shared = |client: usize, n: usize| (StreamName::of("bench", format!("shared-{client}-{n}")), 0);
    let own = shares(CLIENTS, STREAMS_OF_A_NODE).into_iter().enumerate();
    let mut clients: Vec<Client> = own
        .map(|(number, own)| Client { number, own, common: (0..SHARED_STREAMS).map(|n| shared(number, n)).collect() })
        .collect();
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await? {
        let numbers = order.split(' ').map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        let [seconds, count, percent] = numbers[..] else { bail!("an order is three numbers, not {order:?}") };
        let (deadline, count) = (Instant::now() + Duration::from_secs(seconds), usize::try_from(count)?);
        let (back, mut returned) = tokio::sync::mpsc::unbounded_channel();
        let started = clients.drain(..count).map(|mut client| {
            let (log, back) = (log.clone(), back.clone());
            async move {
                let (answers, conflicts) = client.work(&log, percent, deadline).await?;
                back.send((client, conflicts)).context("the benchmark ended")?;
                Ok(answers)
            }
        });
        let slice = load::run(started.collect()).await?;
        drop(back);
        let mut conflicts = 0;
        while let Some((client, of_it)) = returned.recv().await {
            conflicts += of_it;
            clients.push(client);
        }
        // Each client gets the same counterpart at the other node again.
        clients.sort_by_key(|client| client.number);
        println!(
            "{}",
            serde_json::to_string(&ProcessResult { done: slice.done, conflicts, seconds: slice.seconds, loads: 0 })?
        );
    }
    log.close().await;
    Ok(())
}

struct Client {
    number: usize,
    own: Vec<(StreamName, u64)>,
    /// The streams that the same client of the other node also writes, with the revisions known here.
    common: Vec<(StreamName, u64)>,
}

impl Client {
    /// The answers, and the number of conflicts.
    async fn work(&mut self, log: &Log, percent: u64, deadline: Instant) -> anyhow::Result<(AnswerTimes, u64)> {
        let (mut answers, mut conflicts) = (Vec::new(), 0);
        // Any distribution is suitable, as long as the two nodes are not synchronised.
        let mut dice = fastrand::Rng::new();
        for turn in (0..self.own.len()).cycle() {
            let asked = Instant::now();
            if asked >= deadline {
                break;
            }
            let shares = dice.u64(0..100) < percent;
            let among = dice.usize(0..self.common.len());
            let (stream, revision) = if shares { &mut self.common[among] } else { &mut self.own[turn] };
            loop {
                match log.append(one_event(stream, *revision)).await {
                    Ok(Granted::Stored(_)) => break,
                    Err(Refused::Conflict { actual, .. }) => {
                        *revision = actual;
                        conflicts += 1;
                    }
                    other => bail!("an append was not stored: {other:?}"),
                }
            }
            *revision += 1;
            answers.push((Instant::now(), asked.elapsed()));
        }
        Ok((answers, conflicts))
    }
}
