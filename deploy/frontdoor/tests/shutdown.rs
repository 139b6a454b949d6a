//! Startup and shutdown: wrong configuration, the lock, and SIGTERM during work.

mod common;

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use common::{BINARY, Server, Signer, frontdoor, give, granted, registration, subject};
use futures::{StreamExt, stream::FuturesUnordered};
use serde_json::json;

const PRACTICE: &str = "A99009";

#[test]
fn wrong_configuration_is_one_line_and_exit_64() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("text");
    for arguments in [
        ["serve", "--demo", "--roles=notary"].as_slice(),
        &["serve", "--demo", "--roles=command"],
        &["serve", "--demo", "--vault=sqlite:vault.db"],
        &["serve", "--demo", "--feed=broker:9092"],
        &["serve", "--demo", "--log=postgres://host/db", "--roles=relay"],
        &["serve", "--demo", "--log=mysql://host/db"],
        &["serve", "--demo", "--views=mysql://host/db"],
        &["serve", "--demo", "--listen=nowhere"],
        &["serve", "--demo", "--log-level=a=b=c"],
        &["serve", "--demo", "--log-level=loud"],
        &["serve", "--issuer=urn:frontdoor:demo=keys.json"],
        &["serve", "--issuer=urn:other=no-such-file.json"],
        &["serve", "--issuer=two words=keys.json"],
        &["serve", "--demo", "--issuer-rsa=urn:other=PS256"],
        &["serve", "--demo", "--issuer-rsa=urn:frontdoor:demo=ES256"],
        &["serve", "--demo", "--service-file=passes"],
        &["serve", "--demo", "--service-file=passes=no-such-folder"],
        &["serve", "--demo", "--service-file=lists=."],
        &["serve"],
        &["serve", "--no-such-flag"],
        &["dance"],
    ] {
        let mut all = arguments.to_vec();
        if arguments[0] == "serve" {
            all.extend(["--data", data]);
        }
        let output = frontdoor(&all);
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{arguments:?}: {told}");
    }
}

#[test]
fn a_switch_in_the_environment_may_be_written_in_several_ways() {
    for (value, taken) in [("1", true), ("yes", true), ("TRUE", true), ("perhaps", false)] {
        // If the switch was understood, it ends with the error about --vault.
        let mut command = std::process::Command::new(BINARY);
        let output = command.args(["serve", "--vault=x"]).env("FRONTDOOR_DEMO", value).output().expect("runs");
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), told.contains("no --vault")), (Some(64), taken), "{value}: {told}");
    }
}

#[test]
fn a_blank_variable_counts_as_one_that_is_not_set() {
    let mut command = std::process::Command::new(BINARY);
    for name in ["LOG", "VIEWS_FILE", "LISTEN", "REQUESTS_MAX", "DEMO", "LOG_FORMAT", "ISSUER"] {
        command.env(format!("FRONTDOOR_{name}"), " ");
    }
    let output = command.args(["serve", "--demo", "--vault=x"]).output().expect("runs");
    let told = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), told.contains("no --vault")), (Some(64), true), "{told}");
}

#[test]
fn an_output_that_is_closed_or_full_changes_no_exit_code_and_says_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let nothing = folder.path().display().to_string();
    for (arguments, code) in [("asyncapi", 0), ("--help", 0), (&format!("check --data {nothing}"), 2), ("dance", 64)] {
        for output in ["| true", "> /dev/full", ">&-"] {
            // In the second line, standard error also goes to /dev/full.
            for errors in ["", "2>/dev/full"] {
                let line = format!("set -o pipefail; {BINARY} {arguments} {errors} {output}");
                let done = std::process::Command::new("bash").arg("-c").arg(&line).output().expect("bash runs");
                let told = String::from_utf8(done.stderr).expect("text");
                assert_eq!(done.status.code(), Some(code), "{line}: {told}");
                assert!(!told.contains("panicked"), "{line}: {told}");
            }
        }
    }
}

/// A process that is killed on drop if it has not ended.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The trap: the line that reports readiness blocks until it is read, and with it the whole server.
#[test]
fn a_server_whose_output_nobody_reads_is_ready_and_ends() {
    /// The capacity of a pipe on Linux (`pipe(7)`): a further line blocks until the pipe is read.
    const PIPE_BYTES: usize = 64 * 1024;
    const WITHIN: Duration = Duration::from_secs(60);
    let folder = tempfile::tempdir().expect("a folder");
    let ports = local::kafka::free_ports(2);
    let [listen, admin] = [ports[0], ports[1]].map(|port| format!("127.0.0.1:{port}"));
    let (_unread, mut full) = std::io::pipe().expect("a pipe");
    full.write_all(&[b'x'; PIPE_BYTES]).expect("it fits");
    let mut server = Killed(
        std::process::Command::new(BINARY)
            .args(["serve", "--demo", "--log-level=debug", "--listen", &listen, "--admin", &admin, "--data"])
            .arg(folder.path())
            .stdout(full.try_clone().expect("the same pipe"))
            .stderr(full)
            .spawn()
            .expect("the binary starts"),
    );
    let is_ready = || {
        let mut client = std::net::TcpStream::connect(&admin).ok()?;
        client.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        client.read_to_string(&mut answer).ok()?;
        answer.starts_with("HTTP/1.1 200").then_some(())
    };
    let began = Instant::now();
    while is_ready().is_none() {
        assert!(began.elapsed() < WITHIN, "it is not ready");
        std::thread::yield_now();
    }
    let sent = std::process::Command::new("kill").arg("-TERM").arg(server.0.id().to_string()).status();
    assert!(sent.expect("kill runs").success());
    let began = Instant::now();
    let ended = loop {
        if let Some(ended) = server.0.try_wait().expect("it is our child") {
            break ended;
        }
        assert!(began.elapsed() < WITHIN, "it does not end");
        std::thread::yield_now();
    };
    assert_eq!(ended.code(), Some(0));
}

#[test]
fn a_token_needs_the_key_of_a_demonstration() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("none");
    let subject = ["--subject", "nurse-1", "--data", data.to_str().expect("text")];
    let output = frontdoor(&[["token", "--role=staff"].as_slice(), &subject].concat());
    let told = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), told.contains("has no key")), (Some(1), true), "{told}");
    assert!(!data.exists(), "nothing is made");
}

#[test]
fn two_processes_cannot_have_one_data_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::demo(folder.path());
    let data = folder.path().to_str().expect("text");
    let second = frontdoor(&["serve", "--demo", "--data", data, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    let told = String::from_utf8(second.stderr).expect("text");
    assert!(told.lines().any(|line| line.starts_with("frontdoor: ")), "{told}");
    let check = frontdoor(&["check", "--data", data]);
    assert_eq!(check.status.code(), Some(2), "a running server's files cannot be checked");
    server.stop();
}

#[test]
fn a_server_that_is_no_demonstration_refuses_the_demonstrations_issuer() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = folder.path().join("keys");
        // The same key, under the demonstration's name.
        let server = Server::plain(&folder.path().join("data"), &keys);
        let client = reqwest::Client::new();
        let wish = json!({"subject": subject(1), "decision": {"kind": "opt-out"}});
        let ask = async |signer: Signer| {
            let token = signer.patient(&subject(1));
            give(&client, &server.base, &token, "register-donor", "issuer-register-donor", &wish)
                .await
                .expect("an answer")
        };
        assert_eq!(ask(Signer::plain(&keys)).await.status, 200);
        assert_eq!(ask(Signer::demo(&keys)).await.status, 401);
        server.stop();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_reads_the_issuers_keys_again_and_does_not_end_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let [data, keys, others] = ["data", "keys", "others"].map(|name| folder.path().join(name));
    let (server, client) = (Server::plain(&data, &keys), reqwest::Client::new());
    // Both keys have the same id, as a key and its replacement may have.
    let (before, after) = (Signer::plain(&keys), Signer::plain(&others));
    let wish = json!({"subject": subject(1), "decision": {"kind": "opt-out"}});
    let ask = async |signer: &Signer| {
        let token = signer.patient(&subject(1));
        let answer = give(&client, &server.base, &token, "register-donor", "renewed-register-donor", &wish).await;
        answer.expect("an answer").status
    };
    assert_eq!((ask(&before).await, ask(&after).await), (200, 401));
    let set = |folder: &std::path::Path| folder.join("demo-jwks.json");
    std::fs::write(set(&keys), "not a set of keys").expect("written");
    server.signal("-HUP");
    assert_eq!(ask(&before).await, 200, "a file that cannot be used leaves the keys as they are");
    std::fs::copy(set(&others), set(&keys)).expect("copied");
    server.signal("-HUP");
    let deadline = Instant::now() + Duration::from_secs(30);
    while ask(&after).await != 200 {
        assert!(Instant::now() < deadline, "the keys are never read again");
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&before).await, 401, "a token that was found valid before is verified again");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_answers_all_that_is_in_flight_and_exits_with_0() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, keys) = (folder.path().join("data"), folder.path().join("keys"));
    let server = Server::plain(&data, &keys);
    let (signer, client, base) = (Signer::plain(&keys), reqwest::Client::new(), server.base.clone());
    let practice = json!({"practice": PRACTICE, "name": "Last Surgery", "address": "1 The End"});
    granted(&client, &base, &signer.operator(), "open-practice", "shutdown-practice-1", &practice).await;

    let (staff, client, base) = (&signer.staff(PRACTICE), &client, &base);
    let register = |n: u64| async move {
        let key = format!("shutdown-register-{n:06}");
        give(client, base, staff, "register-patient", &key, &registration(n, PRACTICE)).await
    };
    let mut flying: FuturesUnordered<_> = (0..64).map(register).collect();
    let (mut asked, mut answered) = (64, 0);
    // The signal comes while the server is busy, and requests are sent until it accepts no more.
    while let Some(outcome) = flying.next().await {
        match outcome {
            Ok(answer) => {
                assert_eq!(answer.status, 200, "an answer is an answer: {}", answer.body);
                answered += 1;
                if answered == 200 {
                    server.terminate();
                }
                flying.push(register(asked));
                asked += 1;
            }
            // Never accepted, or an idle connection that was closed: no request was started.
            Err(error) => assert!(error.is_connect() || error.is_request(), "{error:?}"),
        }
    }
    assert!(answered > 200, "there were requests in flight");
    assert_eq!(server.wait().code(), Some(0));
    let registered = events_of_kind(&data, "registration.registered.v1");
    assert_eq!(registered, answered, "everything that was stored was answered");
    common::assert_clean(&data, None);
}

#[test]
fn a_client_that_never_finishes_its_request_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys");
    let server = Server::plain(&folder.path().join("data"), &keys);
    let token = Signer::plain(&keys).patient(&subject(1));
    let half = format!(
        "POST /commands/register-donor HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nIdempotency-Key: never-finished-1\r\nContent-Length: 10\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    let mut client = std::net::TcpStream::connect(server.base.trim_start_matches("http://")).expect("connects");
    client.write_all(half.as_bytes()).expect("sent");
    // The server asks for the body: the request is in flight.
    let mut asked = [0; 12];
    client.read_exact(&mut asked).expect("an answer");
    assert_eq!(&asked, b"HTTP/1.1 100");
    let began = Instant::now();
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
}

#[test]
fn a_request_has_exactly_one_host() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::plain(&folder.path().join("data"), &folder.path().join("keys"));
    for base in [&server.base, &server.admin] {
        for (line, hosts, status) in [
            ("HTTP/1.1", "", "400"),
            ("HTTP/1.1", "Host: localhost\r\nHost: localhost\r\n", "400"),
            ("HTTP/1.1", "Host: localhost\r\n", "200"),
            ("HTTP/1.0", "", "200"),
        ] {
            let mut client = std::net::TcpStream::connect(base.trim_start_matches("http://")).expect("connects");
            let request = format!("GET /health/live {line}\r\n{hosts}Connection: close\r\n\r\n");
            client.write_all(request.as_bytes()).expect("sent");
            let mut answer = String::new();
            client.read_to_string(&mut answer).expect("an answer");
            assert_eq!(answer.get(9..12), Some(status), "{line} {hosts}: {answer}");
        }
    }
    server.stop();
}

/// Counts in the file itself, after the end of the server.
fn events_of_kind(data: &std::path::Path, kind: &str) -> u64 {
    use sqlx::{Connection, SqliteConnection};
    let runtime = std::thread::spawn({
        let (url, kind) = (format!("sqlite:{}?mode=ro", data.join("care.db").display()), kind.to_owned());
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread");
            runtime.block_on(async {
                let mut connection = SqliteConnection::connect(&url).await.expect("opens");
                let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM event WHERE kind = ?1").bind(kind);
                count.fetch_one(&mut connection).await.expect("counts")
            })
        }
    });
    u64::try_from(runtime.join().expect("no panic")).expect("a number")
}

#[test]
fn help_and_version_are_answers() {
    for flag in ["--help", "--version"] {
        let output = std::process::Command::new(BINARY).arg(flag).output().expect("runs");
        assert!(output.status.success() && !output.stdout.is_empty() && output.stderr.is_empty(), "{flag}");
    }
}
