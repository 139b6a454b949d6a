//! An embedded Frontdoor is moved to PostgreSQL and answers as before.

mod common;

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use common::{BINARY, Server, Signer, ask, frontdoor, granted, registration, session, slot, subject};
use event_core::{LogName, StreamName};
use event_log::{Append, Condition, Expected, Log, LogOptions, NewEvent, Provenance};
use local::postgres::Database;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

const PRACTICE: &str = "A99010";
const SESSION: &str = "A99010.M0VE00000001";

/// The exit code, and the text of both outputs.
fn copy(from: &Path, to: &str) -> (i32, String) {
    let output = frontdoor(&["log", "copy", &format!("sqlite:{}", from.display()), to]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().expect("a code"), printed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_the_copied_log_answers_as_the_one_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let database = Database::new();
    let owner = database.url("owner").await;
    let server = Server::demo(&old);
    let (signer, client) = (Signer::demo(&old), reqwest::Client::new());
    let (operator, staff, auditor) = (signer.operator(), signer.staff(PRACTICE), signer.auditor());
    let patient = signer.patient(&subject(1));
    let practice = json!({"practice": PRACTICE, "name": "Moving Surgery", "address": "1 New Street"});
    let wish = json!({"session": SESSION, "startsAt": slot(0), "patient": subject(1)});
    let base = &server.base;
    granted(&client, base, &operator, "open-practice", "move-open-practice", &practice).await;
    granted(&client, base, &staff, "publish-session", "move-publish-session", &session(SESSION, "12:00", 1)).await;
    granted(&client, base, &staff, "register-patient", "move-register-0001", &registration(1, PRACTICE)).await;
    let booked = granted(&client, base, &patient, "book-appointment", "move-book-0000001", &wish).await;

    let fresh = format!("strict=true&after={}", booked.position());
    let mine = format!("/patients/{}/appointments?{fresh}", subject(1));
    // Policies may add events between the first answer and the stop, so these are the first ones only.
    let events = "/events?after=care:0&limit=100".to_owned();
    let day = format!("/practices/{PRACTICE}/days/{}?{fresh}", &slot(0)[..10]);
    let questions = [(&patient, mine.clone()), (&staff, day), (&auditor, events)];
    let answers = async |base: &str| {
        let mut answers: Vec<(u16, Value)> = Vec::new();
        for (token, path) in &questions {
            let answer = ask(&client, base, token, path).await;
            answers.push((answer.status, answer.body));
        }
        answers
    };
    let before = answers(base).await;
    assert!(before.iter().all(|(status, _)| *status == 200), "{before:?}");
    let (code, printed) = copy(&old, &owner);
    assert!(code == 1 && printed.contains("is open in another process"), "{printed}");
    server.stop();

    let (code, printed) = copy(&old, &owner);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("care: ") && printed.contains("access: ") && printed.contains("SHA-256 "), "{printed}");
    // The demonstration's key is copied, so that the same tokens are accepted.
    std::fs::create_dir(&new).expect("made");
    for file in std::fs::read_dir(&old).expect("listed").map(|entry| entry.expect("an entry")) {
        if file.file_name().to_string_lossy().starts_with("demo-key") {
            std::fs::copy(file.path(), new.join(file.file_name())).expect("copied");
        }
    }
    let server = Server::demo_with_log(&new, &database.url("server").await);
    assert_eq!(answers(&server.base).await, before);
    let again = granted(&client, &server.base, &patient, "book-appointment", "move-book-0000001", &wish).await;
    assert!(again.replayed);
    assert_eq!(again.body, booked.body);
    server.stop();
}

/// Appends many events at once.
async fn fill(folder: &Path, events: usize) {
    for name in LogName::ALL {
        let log = Log::open(&format!("sqlite:{}", folder.display()), name, LogOptions::default()).await.expect("opens");
        let append = |n: usize| {
            let (stream, kind) = match name {
                LogName::Care => (StreamName::of("session", n), "appointment.slot-taken.v1"),
                LogName::Access => return None,
            };
            Some(Append {
                conditions: vec![Condition { stream: stream.clone(), expected: Expected::Revision(0) }],
                events: (0..500)
                    .map(|_| NewEvent { stream: stream.clone(), id: uuid::Uuid::now_v7(), kind, data: "{}".into() })
                    .collect(),
                provenance: Provenance::by(r#"{"id":"nurse-1","role":"staff","organisation":"A12345","level":null}"#),
                idempotency: None,
                depends_on: Vec::new(),
                may_use_reserve: false,
            })
        };
        for append in (0..events / 500).filter_map(append) {
            log.append(append).await.expect("stored");
        }
        log.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_killed_is_started_again_and_goes_on() {
    const EVENTS: usize = 60_000;
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path(), EVENTS).await;
    let database = Database::new();
    let owner = database.url("owner").await;
    let from = format!("sqlite:{}", folder.path().display());
    let mut killed = Command::new(BINARY)
        .args(["log", "copy", &from, &owner])
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut connection = PgConnection::connect(&owner).await.expect("it connects");
    let since = Instant::now();
    let there = loop {
        assert!(since.elapsed() < Duration::from_secs(60), "it copies nothing");
        let end = sqlx::query_scalar::<_, i64>("SELECT coalesce(max(position), 0) FROM care.event");
        let end = end.fetch_one(&mut connection).await.expect("a number");
        if end > 0 {
            break end;
        }
    };
    killed.kill().expect("killed");
    assert_eq!(killed.wait().expect("it ends").code(), None, "the kill ended it, and not its end");
    assert!(there < EVENTS as i64, "{there}");

    let keys = folder.path().join("keys");
    let key = host::demo_key::DemoKey::in_folder(&keys).expect("a key");
    let data = folder.path().join("data");
    let early = frontdoor(&[
        "serve",
        "--listen=127.0.0.1:0",
        "--admin=127.0.0.1:0",
        &format!("--data={}", data.display()),
        &format!("--log={}", database.url("server").await),
        &format!("--issuer={}={}", common::ISSUER, key.jwks().display()),
    ]);
    let why = String::from_utf8_lossy(&early.stderr).into_owned();
    assert!(!early.status.success() && why.contains("a copy into it is not finished"), "{why}");

    let (code, printed) = copy(folder.path(), &owner);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains(&format!("care: {EVENTS} events, the same on both sides")), "{printed}");
    let (code, again) = copy(folder.path(), &owner);
    assert_eq!((code, again), (0, printed), "there is nothing left to do");

    sqlx::raw_sql("UPDATE care.event SET data = '{ }' WHERE position = 31234")
        .execute(&mut connection)
        .await
        .expect("done");
    let (code, printed) = copy(folder.path(), &owner);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("event 31234 of the log is damaged: source and target differ in its data"), "{printed}");
}

#[test]
fn other_directions_are_refused_in_one_line() {
    for (from, to) in [
        ("postgres://owner:hidden@host/db", "sqlite:somewhere"),
        ("sqlite:one", "sqlite:two"),
        ("sqlite:", "postgres://owner:hidden@host/db"),
    ] {
        let refused = frontdoor(&["log", "copy", from, to]);
        let why = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(64), "{why}");
        assert!(why.contains("and in no other direction") && !why.contains("hidden"), "{why}");
        assert_eq!(why.lines().count(), 1, "{why}");
    }
}
