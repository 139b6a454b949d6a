//! Connections without a socket, on tokio's paused clock, and the limits of real ones.

use std::net::Ipv4Addr;

use axum::routing::get;
use tokio::{
    io::{AsyncReadExt, DuplexStream, duplex},
    time::Instant,
};

use super::*;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n";

fn routes() -> Router {
    Router::new().route("/", get(async || "here")).route("/slow", get(slow))
}

async fn slow() -> &'static str {
    sleep(LAST_BYTES_TIME_MAX * 2).await;
    "at last"
}

/// The client's side of a connection that is served until `stop`.
fn connected(stop: &CancellationToken) -> DuplexStream {
    let (client, server) = duplex(1024);
    tokio::spawn(connection(server, HERE, routes(), stop.clone()));
    client
}

/// Reads until the server closes the connection.
async fn told(client: &mut DuplexStream) -> String {
    let mut all = String::new();
    client.read_to_string(&mut all).await.expect("text");
    all
}

#[tokio::test(start_paused = true)]
async fn half_a_head_is_answered_408_after_its_time() {
    let began = Instant::now();
    let mut client = connected(&CancellationToken::new());
    client.write_all(b"GET / HTTP/1.1\r\nHo").await.expect("written");
    let answer = told(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("/problems/request-timeout"), "{answer}");
    assert_eq!(began.elapsed().as_secs(), HEAD_TIME_MAX.as_secs());
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_without_a_word() {
    let mut client = connected(&CancellationToken::new());
    client.write_all(REQUEST).await.expect("written");
    let answer = told(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("here"), "{answer}");
    let mut silent = connected(&CancellationToken::new());
    assert_eq!(told(&mut silent).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_answer_is_given_up() {
    let (mut client, server) = duplex(16);
    client.write_all(&REQUEST[..16]).await.expect("written");
    let serving = tokio::spawn(connection(server, HERE, routes(), CancellationToken::new()));
    client.write_all(&REQUEST[16..]).await.expect("written");
    let began = Instant::now();
    serving.await.expect("it ends");
    assert_eq!(began.elapsed().as_secs(), WRITE_TIME_MAX.as_secs());
}

#[tokio::test(start_paused = true)]
async fn at_the_end_a_request_is_answered_and_half_a_head_is_not_waited_for() {
    let stop = CancellationToken::new();
    let (mut busy, mut half) = (connected(&stop), connected(&stop));
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n").await.expect("written");
    half.write_all(b"GET / HTTP/1.1\r\nHo").await.expect("written");
    // Both heads have been read once the runtime is idle and its clock advances.
    sleep(Duration::from_millis(1)).await;
    stop.cancel();
    let began = Instant::now();
    assert_eq!(told(&mut half).await, "");
    assert_eq!(began.elapsed().as_secs(), LAST_BYTES_TIME_MAX.as_secs());
    let answer = told(&mut busy).await;
    assert!(answer.ends_with("at last"), "{answer}");
}

/// Starts a listener with these bounds. Returns its address.
async fn listening(bounds: Bounds, stop: &CancellationToken) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, routes(), bounds, stop.clone()));
    address
}

/// Sends a request. Returns `false` if the connection is closed without an answer.
async fn is_answered(stream: &mut TcpStream) -> bool {
    if stream.write_all(REQUEST).await.is_err() {
        return false;
    }
    let mut answer = Vec::new();
    while !answer.ends_with(b"here") {
        if !stream.read_buf(&mut answer).await.is_ok_and(|bytes| bytes > 0) {
            return false;
        }
    }
    answer.starts_with(b"HTTP/1.1 200")
}

#[tokio::test]
async fn one_address_has_no_more_than_its_share_of_the_connections() {
    let stop = CancellationToken::new();
    let address = listening(Bounds { connections_max: 3, of_one_address_max: 1 }, &stop).await;
    let mut first = TcpStream::connect(address).await.expect("connects");
    assert!(is_answered(&mut first).await);
    let mut second = TcpStream::connect(address).await.expect("connects");
    assert!(!is_answered(&mut second).await);
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.2:0".parse().expect("an address")).expect("binds");
    let mut other = socket.connect(address).await.expect("connects");
    assert!(is_answered(&mut other).await);
}

#[tokio::test]
async fn a_connection_too_many_waits_until_another_closes() {
    let stop = CancellationToken::new();
    let address = listening(Bounds { connections_max: 1, of_one_address_max: 1 }, &stop).await;
    let mut first = TcpStream::connect(address).await.expect("connects");
    assert!(is_answered(&mut first).await);
    let mut second = TcpStream::connect(address).await.expect("waits in the operating system's queue");
    {
        let mut answered = pin!(is_answered(&mut second));
        assert!(futures::poll!(answered.as_mut()).is_pending());
        // Both are answered on this one thread, so the second would have an answer by now if it had been accepted.
        assert!(is_answered(&mut first).await);
        assert!(futures::poll!(answered.as_mut()).is_pending());
        drop(first);
        assert!(answered.await);
    }
    stop.cancel();
}
