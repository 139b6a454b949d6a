use std::sync::{Arc, atomic::AtomicU64, mpsc};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
    task::JoinSet,
    time::advance,
};

use super::*;
use crate::{
    callers::{CallerBook, TokenSigner},
    context::{RunClock, RunId},
    measures::{Measures, in_ms, quantile_us},
    pool::ConnectionPool,
    told::ToldWriter,
    town::Town,
};

const PATIENTS: u64 = 100;
/// A patient comes each 10 ms, for as long as the server stalls.
const EVERY: Duration = Duration::from_millis(10);

struct Unsigned;

impl TokenSigner for Unsigned {
    fn sign(&self, claims: Value) -> anyhow::Result<String> {
        Ok(claims["sub"].to_string())
    }
}

/// A server that reads a request, and answers it only after it is released.
async fn stalling_server(listener: TcpListener, arrived: Arc<Notify>, released: Arc<Notify>, answer: &'static str) {
    let (mut stream, _) = listener.accept().await.expect("a client");
    let mut request = Vec::new();
    let mut is_first = true;
    loop {
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            if stream.read_buf(&mut request).await.expect("it reads") == 0 {
                return;
            }
        }
        if std::mem::take(&mut is_first) {
            arrived.notify_one();
            released.notified().await;
        }
        request.clear();
        stream.write_all(answer.as_bytes()).await.expect("it writes");
    }
}

async fn context(listener: &TcpListener, told: ToldWriter) -> RunContext {
    let url = [format!("http://{}", listener.local_addr().expect("an address"))];
    // One connection: the second request cannot even be sent before the first is answered.
    let pool = Arc::new(ConnectionPool::to(&url, 1, false).await.expect("a pool"));
    RunContext {
        commands: Arc::clone(&pool),
        queries: pool,
        callers: Arc::new(CallerBook::new(Arc::new(Unsigned), 0, 60)),
        told,
        measures: Arc::new(Measures::new().expect("measures")),
        clock: RunClock::now(),
        town: Town::of(100, 1).expect("a town"),
        id: RunId::at(event_core::Timestamp::from_micros(1)),
        speed: 1.0,
        today: "2026-11-30".parse().expect("a date"),
        visits: Arc::new(AtomicU64::new(1)),
    }
}

#[tokio::test(start_paused = true)]
async fn users_who_come_while_the_server_stalls_count_the_whole_time() {
    // A blocking task keeps the clock from advancing by itself.
    let (end, ended) = mpsc::channel::<()>();
    let still = tokio::task::spawn_blocking(move || ended.recv());
    let folder = tempfile::tempdir().expect("a folder");
    let (told, file) = ToldWriter::to(&folder.path().join("told.ndjson")).expect("a file");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let run = context(&listener, told).await;
    let (arrived, released) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"items\":[]}";
    tokio::spawn(stalling_server(listener, Arc::clone(&arrived), Arc::clone(&released), answer));
    let started = Instant::now();
    let mut visits = JoinSet::new();
    for n in 0..PATIENTS {
        let due = started + EVERY * n as u32;
        let mut visit = UserVisit::new(run.clone(), "test", run.town.patient(n), n, due);
        visits.spawn(async move {
            let caller = visit.caller().expect("a caller");
            visit.ask(&caller, QueryAsked::new("appointments", "/appointments")).await.expect("an answer");
        });
    }
    arrived.notified().await;
    for _ in 0..PATIENTS {
        advance(EVERY).await;
    }
    released.notify_one();
    while let Some(visit) = visits.join_next().await {
        visit.expect("it ends");
    }
    let measured = run.measures.so_far();
    let at = |share| in_ms(quantile_us(&measured.all, share)).round();
    // The first came at the beginning of the second for which the server stalled, the last at its end.
    assert_eq!((measured.all.len(), at(1.0), at(0.5), at(0.0)), (PATIENTS, 1_000.0, 500.0, 10.0));
    assert_eq!(at(0.99), 990.0);
    assert_eq!(file.written().await.expect("it is written"), PATIENTS);
    drop(end);
    assert!(still.await.expect("it ends").is_err());
}

#[tokio::test]
async fn a_user_tries_again_with_the_same_key_and_the_time_is_counted_to_the_final_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("told.ndjson");
    let (told, file) = ToldWriter::to(&path).expect("a file");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let run = context(&listener, told).await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut keys = Vec::new();
        for answer in [
            "503 Busy\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\n{}",
            "409 Conflict\r\nContent-Length: 21\r\n\r\n{\"code\":\"slot-taken\"}",
        ] {
            let mut request = Vec::new();
            while !request.ends_with(b"{\"a\":1}") {
                stream.read_buf(&mut request).await.expect("it reads");
            }
            let request = String::from_utf8(request).expect("text");
            keys.extend(request.lines().find(|line| line.starts_with("Idempotency-Key")).map(str::to_owned));
            stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await.expect("it writes");
        }
        keys
    });
    let mut visit = UserVisit::new(run.clone(), "test", run.town.patient(1), 1, Instant::now());
    let caller = visit.caller().expect("a caller");
    let reply = visit.give(&caller, CommandAsked::new("book-appointment", json!({"a": 1}))).await.expect("an answer");
    assert_eq!(reply.refusal.as_deref(), Some("slot-taken"));
    let keys = server.await.expect("it ends");
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
    let measured = run.measures.so_far();
    assert_eq!((measured.all.len(), measured.busy, measured.failures), (1, 1, 0));
    assert_eq!(file.written().await.expect("it is written"), 2);
    let lines = std::fs::read_to_string(path).expect("a text");
    let lines: Vec<ToldLine> = lines.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    let seen: Vec<_> = lines.iter().map(|line| (line.attempt, line.outcome, line.status)).collect();
    assert_eq!(seen, [(1, ToldOutcome::Busy, 503), (2, ToldOutcome::Refused, 409)]);
    assert!(lines[0].key == lines[1].key && lines[0].correlation == lines[1].correlation);
}
