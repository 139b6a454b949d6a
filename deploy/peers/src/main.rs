//! Peers on the same PostgreSQL: cqrs-es (with postgres-es) and esrs, used as in their documentation, but with more
//! connections than their defaults. The benchmark of Frontdoor runs this program as a child process (`make
//! bench-peers`) and sends orders on its standard input, one per line. The program in `axon/` accepts the same orders.
//!
//! - `fill FROM UNTIL`: creates streams of ten events with these numbers (by SQL, not measured);
//! - `append CLIENTS SECONDS`: each client adds events to its own streams, with known revisions;
//! - `command CLIENTS SECONDS`: each client loads a stream, decides, and adds an event;
//! - `replay`: folds all events into a row for each stream, with the peer's own mechanism.
//!
//! Each order is answered by `{"done": EVENTS, "seconds": S}`.

mod cqrs;
mod domain;
mod esrs_peer;

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::io::{AsyncBufReadExt, BufReader};
use uuid::Uuid;

/// Enough to keep two cores busy; the peers' own default is 10.
const CONNECTIONS: u32 = 32;
/// The number of streams that are filled before commands are measured.
const STREAMS: u64 = 20_000;
const EVENTS_OF_A_STREAM: i64 = 10;

/// The operations of both peers.
trait Peer: Send + Sync + 'static {
    /// Creates streams with these numbers, of ten events each.
    fn fill(&self, from: u64, until: u64) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Adds an event to a stream at this revision.
    fn append(&self, stream: Uuid, revision: u32) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Loads, decides and appends.
    fn command(&self, stream: Uuid) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Folds all events into views. Returns the number of events, and the seconds.
    fn replay(&self) -> impl Future<Output = anyhow::Result<(u64, f64)>> + Send;
}

fn stream(number: u64) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_be_bytes())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(url)) = (arguments.next(), arguments.next()) else { bail!("peers cqrs-es|esrs URL") };
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).min_connections(CONNECTIONS).connect(&url).await?;
    match name.as_str() {
        "cqrs-es" => serve(cqrs::CqrsEs::open(pool).await?).await,
        "esrs" => serve(esrs_peer::Esrs::open(pool).await?).await,
        other => bail!("there is no peer {other}"),
    }
}

async fn serve(peer: impl Peer) -> anyhow::Result<()> {
    let peer = Arc::new(peer);
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await? {
        let words: Vec<&str> = order.split(' ').collect();
        let (done, seconds) = match words[..] {
            ["fill", from, until] => {
                let started = Instant::now();
                let (from, until) = (from.parse()?, until.parse()?);
                peer.fill(from, until).await?;
                (until - from, started.elapsed().as_secs_f64())
            }
            ["append", clients, seconds] => appends(&peer, clients.parse()?, seconds.parse()?).await?,
            ["command", clients, seconds] => commands(&peer, clients.parse()?, seconds.parse()?).await?,
            ["replay"] => peer.replay().await?,
            _ => bail!("{order:?} is no order"),
        };
        println!("{}", serde_json::json!({"done": done, "seconds": seconds}));
    }
    Ok(())
}

async fn appends(peer: &Arc<impl Peer>, clients: usize, seconds: u64) -> anyhow::Result<(u64, f64)> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    run((0..clients).map(|_| {
        let peer = Arc::clone(peer);
        async move {
            // Fresh streams, each used repeatedly.
            let mut own: Vec<(Uuid, u32)> = (0..200).map(|_| (Uuid::new_v4(), 0)).collect();
            let mut done = 0;
            while Instant::now() < deadline {
                let at = done % own.len();
                let (stream, revision) = &mut own[at];
                peer.append(*stream, *revision).await?;
                *revision += 1;
                done += 1;
            }
            Ok(done as u64)
        }
    }))
    .await
}

async fn commands(peer: &Arc<impl Peer>, clients: usize, seconds: u64) -> anyhow::Result<(u64, f64)> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let share = STREAMS / clients as u64;
    run((0..clients as u64).map(|client| {
        let peer = Arc::clone(peer);
        async move {
            let mut done = 0;
            while Instant::now() < deadline {
                // No other client uses this stream, so there are no conflicts.
                peer.command(stream(client * share + fastrand::u64(0..share))).await?;
                done += 1;
            }
            Ok(done)
        }
    }))
    .await
}

/// Runs all clients to their end. Returns events and seconds.
async fn run<F>(clients: impl Iterator<Item = F>) -> anyhow::Result<(u64, f64)>
where
    F: Future<Output = anyhow::Result<u64>> + Send + 'static,
{
    let started = Instant::now();
    let running: Vec<_> = clients.map(tokio::spawn).collect();
    let mut done = 0;
    for client in running {
        done += client.await.context("a client panicked")??;
    }
    Ok((done, started.elapsed().as_secs_f64()))
}

/// Runs SQL that does not accept parameters.
async fn sql(pool: &PgPool, statements: &str) -> anyhow::Result<()> {
    sqlx::raw_sql(statements).execute(pool).await?;
    Ok(())
}
