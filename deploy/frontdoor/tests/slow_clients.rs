//! Clients that are slow, silent or many: they do not delay other clients, the operator, or the shutdown.

mod common;

use std::process::Command;

use common::{BINARY, Server, Signer, granted, registration};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PRACTICE: &str = "A99012";
const SLOW: usize = 20;

async fn connected(base: &str) -> TcpStream {
    TcpStream::connect(base.strip_prefix("http://").expect("a base")).await.expect("connects")
}

/// The head of a command that is sent before its body.
fn head(authorization: &str) -> String {
    format!(
        "POST /commands/register-donor HTTP/1.1\r\nHost: test\r\n{authorization}Content-Type: application/json\r\n\
         Idempotency-Key: 0123456789abcdef\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
    )
}

/// Asserts that the next bytes are these.
async fn assert_told(stream: &mut TcpStream, expected: &str) {
    let mut told = vec![0; expected.len()];
    stream.read_exact(&mut told).await.expect("an answer");
    assert_eq!(String::from_utf8_lossy(&told), expected);
}

#[tokio::test]
async fn slow_bodies_of_one_caller_keep_nobody_from_a_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--demo", "--requests-max=2"]);
    let (signer, client) = (Signer::demo(folder.path()), reqwest::Client::new());
    let slow_token = signer.staff(PRACTICE);
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let mut stream = connected(&server.base).await;
        let authorization = format!("Authorization: Bearer {slow_token}\r\n");
        stream.write_all(head(&authorization).as_bytes()).await.expect("written");
        // The server asks for the body: the request cannot proceed further without it.
        assert_told(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
        slow.push(stream);
    }
    let body = json!({"practice": PRACTICE, "name": "Slow Lane Surgery", "address": "1 Slow Lane"});
    granted(&client, &server.base, &signer.operator(), "open-practice", "open-practice-1234", &body).await;
    for mut stream in slow {
        assert_told(&mut stream, "HTTP/1.1 408 Request Timeout\r\n").await;
    }
    let register = registration(7, PRACTICE);
    granted(&client, &server.base, &slow_token, "register-patient", "register-7-1234567", &register).await;
    server.stop();
}

#[tokio::test]
async fn a_command_without_a_valid_token_is_refused_before_its_body_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::demo(folder.path());
    for authorization in ["", "Authorization: Bearer forged\r\n"] {
        let mut stream = connected(&server.base).await;
        stream.write_all(head(authorization).as_bytes()).await.expect("written");
        assert_told(&mut stream, "HTTP/1.1 401 Unauthorized\r\n").await;
    }
    server.stop();
}

#[tokio::test]
async fn the_operator_is_answered_while_the_public_address_is_full() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--demo", "--connections-max=2"]);
    // One address may have half of the connections: this one.
    let mut held = connected(&server.base).await;
    held.write_all(b"GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("written");
    assert_told(&mut held, "HTTP/1.1 200 OK\r\n").await;
    let mut refused = connected(&server.base).await;
    assert_eq!(refused.read(&mut [0]).await.unwrap_or_default(), 0, "it is closed");
    let ready = reqwest::get(format!("{}/health/ready", server.admin)).await.expect("an answer");
    assert_eq!(ready.status(), 200);
    server.stop();
}

#[tokio::test]
async fn half_a_head_on_either_address_does_not_spoil_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::demo(folder.path());
    let mut held = Vec::new();
    for base in [&server.base, &server.admin] {
        let mut stream = connected(base).await;
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health").await.expect("written");
        assert_told(&mut stream, "HTTP/1.1 200 OK\r\n").await;
        held.push(stream);
    }
    server.stop();
}

#[test]
fn connections_that_the_limit_of_open_files_does_not_allow_are_refused_at_the_start() {
    for (limit, flags) in [(600, ""), (1_024, "--connections-max=449")] {
        let line = format!("ulimit -n {limit} && exec {BINARY} serve --demo --data /nowhere {flags}");
        let output = Command::new("bash").arg("-c").arg(&line).output().expect("bash runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), told.contains("ulimit -n")), (Some(64), true), "{line}: {told}");
    }
}
