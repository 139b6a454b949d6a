//! The steps of docs/backup.md, on both stores: a backup of a running server, and a restore to that state.

mod common;

use std::{
    path::Path,
    process::{Command, Stdio},
};

use common::{Server, Signer, ask, frontdoor, granted, registration, session, slot, subject};
use local::postgres::{Database, program};
use reqwest::Client;
use serde_json::json;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

const PRACTICE: &str = "A99011";
const SESSION: &str = "A99011.BACK00000001";

/// Creates a practice with a session and two patients.
async fn open_practice(server: &Server, signer: &Signer, client: &Client) {
    let (operator, staff, base) = (signer.operator(), signer.staff(PRACTICE), server.base.as_str());
    let practice = json!({"practice": PRACTICE, "name": "Backup Surgery", "address": "1 Second Copy"});
    granted(client, base, &operator, "open-practice", "backup-open-practice", &practice).await;
    granted(client, base, &staff, "publish-session", "backup-publish-session", &session(SESSION, "12:00", 1)).await;
    for n in [1, 2] {
        let key = format!("backup-register-{n:04}");
        granted(client, base, &staff, "register-patient", &key, &registration(n, PRACTICE)).await;
    }
}

/// The patient books the slot with the same number, or repeats the booking. Returns true for a repeat.
async fn book(server: &Server, signer: &Signer, client: &Client, n: u64) -> bool {
    let wish = json!({"session": SESSION, "startsAt": slot(n as i64), "patient": subject(n)});
    let (token, key) = (signer.patient(&subject(n)), format!("backup-book-{n:08}"));
    granted(client, &server.base, &token, "book-appointment", &key, &wish).await.replayed
}

async fn bookings(server: &Server, signer: &Signer, client: &Client, n: u64) -> usize {
    let path = format!("/patients/{}/appointments?strict=true", subject(n));
    let answer = ask(client, &server.base, &signer.patient(&subject(n)), &path).await;
    answer.body["items"].as_array().map(Vec::len).unwrap_or_else(|| panic!("{}", answer.body))
}

/// Like `sqlite3 -readonly FILE "VACUUM INTO …"`.
async fn vacuum_into(file: &Path, copy: &Path) {
    let mut log = SqliteConnectOptions::new().filename(file).read_only(true).connect().await.expect("opens");
    let statement = format!("VACUUM INTO '{}'", copy.display());
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut log).await.expect("copied");
    log.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_on_sqlite_is_backed_up_and_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let [data, keys, backup] = ["data", "keys", "backup"].map(|name| folder.path().join(name));
    let (server, client) = (Server::plain(&data, &keys), Client::new());
    let signer = Signer::plain(&keys);
    open_practice(&server, &signer, &client).await;
    book(&server, &signer, &client, 1).await;
    std::fs::create_dir(&backup).expect("made");
    for log in ["care.db", "access.db"] {
        vacuum_into(&data.join(log), &backup.join(log)).await;
    }
    book(&server, &signer, &client, 2).await;
    server.stop();
    common::assert_clean(&backup, None);

    for file in std::fs::read_dir(&data).expect("listed").map(|entry| entry.expect("an entry").path()) {
        if file.to_string_lossy().contains(".db") {
            std::fs::remove_file(file).expect("moved away");
        }
    }
    for log in ["care.db", "access.db"] {
        std::fs::copy(backup.join(log), data.join(log)).expect("restored");
    }
    let server = Server::plain(&data, &keys);
    assert_eq!(bookings(&server, &signer, &client, 1).await, 1);
    assert_eq!(bookings(&server, &signer, &client, 2).await, 0, "what came after the backup is lost");
    assert!(book(&server, &signer, &client, 1).await, "its key is known");
    assert!(!book(&server, &signer, &client, 2).await, "a repeat stores it again");
    server.stop();
    common::assert_clean(&data, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn running_servers_on_postgresql_are_backed_up_and_restored_and_views_that_are_ahead_are_rebuilt() {
    let folder = tempfile::tempdir().expect("a folder");
    let [data, keys, dump] = ["data", "keys", "logs.dump"].map(|name| folder.path().join(name));
    let (database, restored) = (Database::new(), Database::new());
    let log = database.url("server").await;
    let (server, client) = (Server::with_log(&data, &keys, &log), Client::new());
    let signer = Signer::plain(&keys);
    open_practice(&server, &signer, &client).await;
    book(&server, &signer, &client, 1).await;
    let mut dumping = program("pg_dump");
    dumping.args(["--format=custom", "--schema=care", "--schema=access", "--schema=policies"]);
    run(dumping.arg("--file").arg(&dump).arg(database.url("owner").await));
    book(&server, &signer, &client, 2).await;
    // At least one view has processed an event that the backup lacks.
    let path = format!("/patients/{}/appointments?strict=true&after=care:8", subject(2));
    assert_eq!(ask(&client, &server.base, &signer.patient(&subject(2)), &path).await.status, 200);
    server.stop();

    let owner = restored.url("owner").await;
    let restored = restored.emptied().await;
    restored.run("DROP SCHEMA policies CASCADE");
    run(program("pg_restore").arg(format!("--dbname={owner}")).arg(&dump));
    let check = frontdoor(&["check", "--log", &owner]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));

    let server = Server::with_log(&data, &keys, &restored.url("server").await);
    let admin = server.admin.trim_start_matches("http://");
    let status = frontdoor(&["status", "--admin", admin]);
    let status = String::from_utf8(status.stdout).expect("text");
    assert!(status.contains("restored to an older point"), "{status}");
    for name in [
        "practices",
        "free_slots",
        "my_appointments",
        "practice_day",
        "clinic_sessions",
        "vaccination_sites",
        "donor_decision",
        "donor_history",
        "my_carers",
        "my_contact",
        "inbox",
        "message_details",
        "unread_messages",
        "sent_messages",
        "registrations",
    ] {
        let rebuilt = frontdoor(&["rebuild", name, "--admin", admin]);
        assert!(rebuilt.status.success(), "{name}: {}", String::from_utf8_lossy(&rebuilt.stderr));
    }
    assert_eq!(bookings(&server, &signer, &client, 1).await, 1);
    assert_eq!(bookings(&server, &signer, &client, 2).await, 0, "what came after the backup is lost");
    assert!(book(&server, &signer, &client, 1).await, "its key is known");
    assert!(!book(&server, &signer, &client, 2).await, "a repeat stores it again");
    server.stop();
}

/// Step 5 of deploy/runbooks/restore.md: the statements that give a log another lineage.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_log_gets_another_lineage_and_its_policies_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let [data, keys, other] = ["data", "keys", "other"].map(|name| folder.path().join(name));
    let database = Database::new();
    let log = database.url("server").await;
    let (server, client) = (Server::with_log(&data, &keys, &log), Client::new());
    let signer = Signer::plain(&keys);
    open_practice(&server, &signer, &client).await;
    book(&server, &signer, &client, 1).await;
    let well = |server: &Server| {
        common::until("all is well", || {
            frontdoor(&["status", "--admin", server.admin.trim_start_matches("http://")]).status.success()
        });
    };
    well(&server);
    server.stop();

    let before = database.run("SELECT lineage FROM care.log");
    let runbook = concat!(env!("CARGO_MANIFEST_DIR"), "/../runbooks/restore.md");
    let runbook = std::fs::read_to_string(runbook).expect("the runbook");
    let statements = runbook.split("<<'SQL'").nth(1).and_then(|text| text.split("\n   SQL\n").next()).expect("step 5");
    let mut psql = program("psql");
    psql.args(["--set", "ON_ERROR_STOP=1", "--single-transaction", "--command", statements]);
    run(psql.arg(database.url("owner").await));
    assert_ne!(database.run("SELECT lineage FROM care.log"), before);

    // Without the views, as the runbook says.
    let server = Server::with_log(&other, &keys, &log);
    well(&server);
    assert_eq!(bookings(&server, &signer, &client, 1).await, 1);
    assert!(book(&server, &signer, &client, 1).await, "its key is known");
    assert!(!book(&server, &signer, &client, 2).await);
    well(&server);
    server.stop();
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
