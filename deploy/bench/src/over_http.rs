//! The cost of HTTP and the middleware: for a booking, and for a read of one row.

use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;

use simulate::Connection;

use crate::{
    load::{self, AnswerTimes, Slice, median},
    results::Measured,
    workload::{BOOKINGS_EACH, PATIENTS, Workload},
};

const CONNECTIONS: u64 = 64;
const ROUNDS: u64 = 6;
/// The number of bookings of one slice. All slices together book every place of the town.
const SLICE_BOOKINGS: u64 = PATIENTS * BOOKINGS_EACH / (2 * ROUNDS);
const READ_SLICE: Duration = Duration::from_secs(2);

/// `POST /commands/book-appointment`, durable, with all middleware, compared with the same command through the engine.
///
/// # Errors
/// If the app fails or rejects a booking.
pub async fn book(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let town = Arc::new(Workload::build(folder).await?);
    let address = town.serve(Bytes::new()).await?;
    town.look_around(address, 0..PATIENTS).await?;
    let (mut ours, mut bare, mut all) = (Vec::new(), Vec::new(), Slice::default());
    for round in 0..ROUNDS {
        eprintln!("book: round {} of {ROUNDS}", round + 1);
        let first = round * 2 * SLICE_BOOKINGS;
        bare.push(through_engine(&town, CONNECTIONS, first, SLICE_BOOKINGS).await?.rate());
        let seen = through_http(&town, address, first + SLICE_BOOKINGS).await?;
        ours.push(seen.rate());
        all.add(seen);
    }
    town.app.close().await;
    let row = Measured::against("book-over-http-64-connections", median(ours), "bookings/s", median(bare), 0.50);
    Ok(vec![row.note(format!("{}; two events and four conditions a booking; views follow", all.latency()))])
}

/// This number of bookings, starting with booking `first`, by this number of clients.
///
/// # Errors
/// If the town is too small, or rejects one.
pub async fn through_engine(town: &Arc<Workload>, clients: u64, first: u64, bookings: u64) -> anyhow::Result<Slice> {
    let (count, mut clients) = (clients, Vec::new());
    for client in 0..count {
        let numbers = (first..first + bookings).skip(client as usize).step_by(count as usize);
        let wishes = numbers.map(|n| town.for_engine(n)).collect::<anyhow::Result<Vec<_>>>()?;
        let town = town.clone();
        clients.push(async move {
            let mut answers = AnswerTimes::with_capacity(wishes.len());
            for wish in wishes {
                let asked = Instant::now();
                town.book(wish).await?;
                answers.push((Instant::now(), asked.elapsed()));
            }
            Ok(answers)
        });
    }
    load::run(clients).await
}

async fn through_http(town: &Workload, address: SocketAddr, first: u64) -> anyhow::Result<Slice> {
    let mut clients = Vec::new();
    for client in 0..CONNECTIONS {
        let numbers = (first..first + SLICE_BOOKINGS).skip(client as usize).step_by(CONNECTIONS as usize);
        let requests = numbers.map(|n| town.for_http(n)).collect::<anyhow::Result<Vec<_>>>()?;
        let mut connection = Connection::open(address).await?;
        clients.push(async move {
            let mut answers = AnswerTimes::with_capacity(requests.len());
            for request in requests {
                let asked = Instant::now();
                let status = connection.send(&request).await?;
                anyhow::ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(connection.body()));
                answers.push((Instant::now(), asked.elapsed()));
            }
            Ok(answers)
        });
    }
    load::run(clients).await
}

/// A read of one view row over HTTP, compared with a constant of that size behind the same middleware.
///
/// # Errors
/// If the app fails or rejects a request.
pub async fn read(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let town = Workload::build(folder).await?;
    for patient in 0..CONNECTIONS {
        town.register_donor(patient).await?;
    }
    let (row, _) = town.reads(0)?;
    let probe = town.serve(Bytes::new()).await?;
    let mut connection = Connection::open(probe).await?;
    anyhow::ensure!(connection.send(&row).await? == 200, "the row is not there");
    let size = connection.body().len();
    let address = town.serve(Bytes::copy_from_slice(connection.body())).await?;
    town.look_around(address, 0..CONNECTIONS).await?;
    let (mut ours, mut bare, mut all) = (Vec::new(), Vec::new(), Slice::default());
    for round in 1..=ROUNDS {
        eprintln!("read: round {round} of {ROUNDS}");
        let requests = (0..CONNECTIONS).map(|n| town.reads(n)).collect::<anyhow::Result<Vec<_>>>()?;
        let (rows, constants): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
        let seen = again_and_again(address, rows).await?;
        ours.push(seen.rate());
        all.add(seen);
        bare.push(again_and_again(address, constants).await?.rate());
    }
    town.leave().await;
    let row = Measured::against("read-one-row-over-http-64-connections", median(ours), "reads/s", median(bare), 0.50);
    Ok(vec![row.note(format!("{}; {size} bytes; the constant asks for the token, too", all.latency()))])
}

/// Each connection repeats its request until the end of the slice.
///
/// # Errors
/// If a request is not answered with 200.
pub async fn again_and_again(address: SocketAddr, requests: Vec<Vec<u8>>) -> anyhow::Result<Slice> {
    let deadline = Instant::now() + READ_SLICE;
    let mut clients = Vec::new();
    for request in requests {
        let mut connection = Connection::open(address).await?;
        clients.push(async move {
            let mut answers = AnswerTimes::new();
            while Instant::now() < deadline {
                let asked = Instant::now();
                let status = connection.send(&request).await?;
                anyhow::ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(connection.body()));
                answers.push((Instant::now(), asked.elapsed()));
            }
            Ok(answers)
        });
    }
    load::run(clients).await
}
