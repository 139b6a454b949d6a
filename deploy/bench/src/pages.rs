//! The pages: their rate beside that of the JSON query that they are made of, their size over the wire, and the cost of
//! open event streams.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use simulate::Connection;

use crate::{
    load::{Slice, median},
    over_http::again_and_again,
    results::Measured,
    server::ServerProcess,
};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 3;
/// The open streams of as many browsers.
const STREAMS: usize = 500;
/// The time limit for a stream's first event.
const STREAM_TIME_MAX: Duration = Duration::from_secs(20);
/// The interval of commands while rates are measured: each new event makes each stream look.
const COMMAND_EVERY: Duration = Duration::from_secs(1);

/// The bars: the ratio of the rates, the sizes in bytes, the memory of a stream in KiB, the rate beside open streams.
const RATE_BAR: f64 = 0.40;
const FIRST_BYTES_MAX: f64 = 100_000.0;
const LATER_BYTES_MAX: f64 = 15_000.0;
const STREAM_KIB_MAX: f64 = 50.0;
const BESIDE_STREAMS_BAR: f64 = 0.95;

/// # Errors
/// If the server does not start, or an answer is not as expected.
pub async fn pages(folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let server = ServerProcess::start(folder)?;
    let visit = Visit::begin(&server, folder).await?;
    let (page, query) = (vec![visit.page(); CONNECTIONS], vec![visit.query(); CONNECTIONS]);
    let (mut pages, mut queries, mut all) = (Vec::new(), Vec::new(), Slice::default());
    for round in 1..=ROUNDS {
        eprintln!("pages: round {round} of {ROUNDS}");
        queries.push(again_and_again(visit.address, query.clone()).await?.rate());
        let seen = again_and_again(visit.address, page.clone()).await?;
        pages.push(seen.rate());
        all.add(seen);
    }
    let rate =
        Measured::against("pages-free-times-64-connections", median(pages), "pages/s", median(queries), RATE_BAR)
            .note(format!("{}; the baseline is GET /free-slots of the same day; both of one patient", all.latency()));
    let mut rows = vec![rate];
    rows.extend(visit.sizes().await?);
    rows.extend(visit.streams(&server, folder).await?);
    server.end()?;
    Ok(rows)
}

/// A visitor of the demonstration who is signed in, and a day with free times.
struct Visit {
    address: SocketAddr,
    /// The header with the token of the same person.
    token: String,
    cookie: String,
    day: String,
}

impl Visit {
    async fn begin(server: &ServerProcess, folder: &Path) -> anyhow::Result<Visit> {
        let address = server.address;
        let token = std::fs::read_to_string(folder.join("alice"))?.trim().to_owned();
        let sign_in = format!(
            "POST /sign-in/alice HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nConnection: close\r\n\r\n"
        );
        let answer = String::from_utf8_lossy(&exchange(address, &sign_in).await?).into_owned();
        let cookies = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookies.filter_map(|cookie| cookie.split(';').next()).next_back();
        let cookie = cookie.context("signing in sets no cookie")?.to_owned();
        let mut visit = Visit { address, token, cookie, day: String::new() };
        let today = vocabulary::time::LONDON.day(event_core::Timestamp::from_jiff(jiff::Timestamp::now()));
        let mut connection = Connection::open(address).await?;
        let search =
            visit.get_with_token(&free_slots(&today.plus_days(1).to_string(), &today.plus_days(14).to_string()));
        anyhow::ensure!(connection.send(&search).await? == 200, "there is no answer to the search");
        let found: Value = serde_json::from_slice(connection.body())?;
        let first = found["items"][0]["startsAt"].as_str().context("nothing is free")?;
        visit.day = first.get(..10).context("a date")?.to_owned();
        Ok(visit)
    }

    fn get_with_token(&self, path: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{}\r\n\r\n", self.address, self.token).into_bytes()
    }

    fn get_with_cookie(&self, path: &str, more: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n{more}\r\n", self.address, self.cookie)
    }

    fn query(&self) -> Vec<u8> {
        self.get_with_token(&free_slots(&self.day, &self.day))
    }

    fn times(&self) -> String {
        format!("/book/times?kind=gp-routine.in-person&day={}", self.day)
    }

    fn page(&self) -> Vec<u8> {
        self.get_with_cookie(&self.times(), "").into_bytes()
    }

    /// The bytes of the first page with all that it loads, and of a later page, as a browser gets them.
    async fn sizes(&self) -> anyhow::Result<[Measured; 2]> {
        let get = |path: &str| self.get_with_cookie(path, "Accept-Encoding: gzip\r\nConnection: close\r\n");
        let plain = exchange(self.address, &self.get_with_cookie("/", "Connection: close\r\n")).await?;
        let plain = String::from_utf8_lossy(&plain).into_owned();
        let assets: Vec<&str> = plain.split('"').filter(|text| text.starts_with("/assets/")).collect();
        anyhow::ensure!(assets.len() >= 4, "the first page loads {assets:?}");
        let mut first = exchange(self.address, &get("/")).await?.len();
        for asset in &assets {
            first += exchange(self.address, &get(asset)).await?.len();
        }
        let later = exchange(self.address, &get(&self.times())).await?.len();
        let bar = |name, bytes: usize, most: f64| Measured::within(name, bytes as f64, "bytes", most, most);
        Ok([
            bar("pages-first-page-over-the-wire", first, FIRST_BYTES_MAX)
                .note(format!("compressed, with heads and {} assets", assets.len())),
            bar("pages-later-page-over-the-wire", later, LATER_BYTES_MAX).note("the free times of a day, compressed"),
        ])
    }

    /// The memory of open streams, and the rate of the query beside them, while events are stored.
    async fn streams(&self, server: &ServerProcess, folder: &Path) -> anyhow::Result<[Measured; 2]> {
        let (mut alone, mut beside, mut memory) = (Vec::new(), Vec::new(), Vec::new());
        let stop = CancellationToken::new();
        let storing = tokio::spawn(store_events(self.address, folder.join("operator"), stop.clone()));
        let requests = vec![self.query(); CONNECTIONS];
        for round in 1..=ROUNDS {
            eprintln!("pages: {STREAMS} streams, round {round} of {ROUNDS}");
            alone.push(again_and_again(self.address, requests.clone()).await?.rate());
            let before = server.resident_mib()?;
            let mut open = Vec::with_capacity(STREAMS);
            for _ in 0..STREAMS {
                open.push(self.stream().await?);
            }
            memory.push((server.resident_mib()? - before) * 1_024.0 / STREAMS as f64);
            beside.push(again_and_again(self.address, requests.clone()).await?.rate());
        }
        stop.cancel();
        let stored = storing.await??;
        // Later rounds find the memory of the first one free.
        let each = memory.first().copied().context("no round")?;
        Ok([
            Measured::within("pages-memory-of-an-open-stream", each, "KiB", STREAM_KIB_MAX, STREAM_KIB_MAX)
                .note(format!("resident, of {STREAMS} streams that were opened first")),
            Measured::against(
                "pages-query-beside-500-streams",
                median(beside),
                "reads/s",
                median(alone),
                BESIDE_STREAMS_BAR,
            )
            .note(format!("{stored} events were stored meanwhile; each makes each stream look, once a second at most")),
        ])
    }

    async fn stream(&self) -> anyhow::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address).await?;
        let path = self.times().replacen("/times?", "/times/live?", 1);
        stream.write_all(self.get_with_cookie(&path, "Accept: text/event-stream\r\n").as_bytes()).await?;
        let mut read = Vec::new();
        while !read.windows(9).any(|bytes| bytes == b"open-page") {
            let more =
                timeout(STREAM_TIME_MAX, stream.read_buf(&mut read)).await.context("a stream says nothing")??;
            anyhow::ensure!(more > 0, "a stream ended: {}", String::from_utf8_lossy(&read));
        }
        Ok(stream)
    }
}

fn free_slots(from: &str, until: &str) -> String {
    format!("/free-slots?site=A99001&service=gp-routine&channel=in-person&from={from}&until={until}&limit=500")
}

/// Opens practices, one after the other, until `stop`. Returns their number.
async fn store_events(address: SocketAddr, operator: PathBuf, stop: CancellationToken) -> anyhow::Result<u64> {
    let token = std::fs::read_to_string(operator)?.trim().to_owned();
    let mut connection = Connection::open(address).await?;
    let (mut ticks, mut stored) = (interval(COMMAND_EVERY), 0);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let body = format!(r#"{{"practice":"B{stored:05}","name":"Bench Surgery","address":"1 High Street"}}"#);
        let request = format!(
            "POST /commands/open-practice HTTP/1.1\r\nHost: {address}\r\n{token}\r\nIdempotency-Key: bench-practice-{stored:05}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let status = connection.send(request.as_bytes()).await?;
        anyhow::ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(connection.body()));
        stored += 1;
    }
    Ok(stored)
}

/// The whole answer to a request that closes the connection.
async fn exchange(address: SocketAddr, request: &str) -> anyhow::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    anyhow::ensure!(answer.starts_with(b"HTTP/1.1 2") || answer.starts_with(b"HTTP/1.1 3"), "it is an error");
    Ok(answer)
}
