//! `frontdoor check` finds manual damage and names its place.

mod common;

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::Command,
};

use common::{BINARY, Server, Signer, read_models};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

/// The files of a demonstration that was shut down properly, with one booking.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn make() -> Files {
        let files = Files { folder: tempfile::tempdir().expect("a folder") };
        let server = Server::demo(&files.whole());
        let booking = server.printed.lines().find(|line| line.contains("/commands/book-appointment")).expect("a line");
        let copied = |line: &str| Command::new("bash").arg("-c").arg(line).output().expect("bash runs");
        let donor = server.printed.lines().find(|line| line.contains("/commands/register-donor")).expect("a line");
        assert!(String::from_utf8_lossy(&copied(donor).stdout).contains("organ-donation.registered.v1"));
        // The demonstration has no carers, but every read model should have a row.
        let subject = fs::read_to_string(files.whole().join("alice.subject")).expect("a subject");
        let carer = json!({"subject": subject.trim(), "carer": "000000000001", "name": "Sam Example", "relationship": "friend"});
        let (base, alice) = (&server.base, files.whole().join("alice").display().to_string());
        let named = copied(&format!(
            "curl -s -H @{alice} -H 'Content-Type: application/json' -H 'Idempotency-Key: carer-of-the-check' -d '{carer}' \
             {base}/commands/register-carer"
        ));
        assert!(String::from_utf8_lossy(&named.stdout).contains("carer.registered.v1"), "{named:?}");
        let waiting = json!({"patient": subject.trim(), "site": "A99001", "service": "gp-routine",
            "earliest": common::in_days(1), "latest": common::in_days(14)});
        let waits = copied(&format!(
            "curl -s -H @{alice} -H 'Content-Type: application/json' -H 'Idempotency-Key: waiting-of-the-check' -d '{waiting}' \
             {base}/commands/join-waiting-list"
        ));
        assert!(String::from_utf8_lossy(&waits.stdout).contains("waiting.joined.v1"), "{waits:?}");
        let given = |caller: &str, name: &str, body: Value| {
            let caller = files.whole().join(caller).display().to_string();
            let done = copied(&format!(
                "curl -s -H @{caller} -H 'Content-Type: application/json' -H 'Idempotency-Key: {name}-of-the-check' -d '{body}' \
                 {base}/commands/{name}"
            ));
            String::from_utf8_lossy(&done.stdout).into_owned()
        };
        let started = json!({"subject": subject.trim(), "check": "headache.1.000000000001", "consentsToStorage": true,
            "consentsToSharing": false, "person": {"ageYears": 30, "sex": "female", "party": "first"}});
        assert!(given("alice", "start-symptom-check", started).contains("symptom-check.started.v1"));
        let recall = json!({"release": "headache.1", "reason": "A question was missing."});
        assert!(given("operator", "recall-release", recall).contains("pathway.release-recalled.v1"));
        let vaccinator = json!({"sub": "nurse-1", "role": "staff", "organisation": "A99001",
            "permissions": ["vaccinating"]});
        let token = Signer::demo(&files.whole()).token(vaccinator);
        fs::write(files.whole().join("vaccinator"), format!("Authorization: Bearer {token}\n")).expect("written");
        let dose = json!({"programme": "covid-19", "number": 1, "vaccine": "comirnaty", "lot": "EL1484",
            "expiresOn": common::in_days(60), "givenOn": common::in_days(0), "site": "A99001", "route": "intramuscular",
            "givenBy": "Nora Example"});
        let recorded = json!({"subject": subject.trim(), "dose": "0000000000D1", "given": dose});
        assert!(given("vaccinator", "record-dose", recorded).contains("dose.recorded.v1"));
        // The demonstration's clinic for vaccinations; this is 13:00 or 14:00 in London.
        let tomorrow = common::in_days(1);
        let book = json!({"patient": subject.trim(), "session": format!("A99001.{}0005", tomorrow.replace('-', "")),
            "startsAt": format!("{tomorrow}T13:00:00Z")});
        assert!(given("alice", "book-vaccination", book).contains("dose.booked.v1"));
        let issue = json!({"subject": subject.trim(), "pass": "0000000000P1", "dose": "0000000000D1",
            "name": {"surname": "Example", "forename": "Alice"}});
        assert!(given("alice", "issue-pass", issue).contains("pass.issued.v1"));
        let revoke = json!({"subject": subject.trim(), "pass": "0000000000P1"});
        assert!(given("alice", "revoke-pass", revoke).contains("pass.revoked.v1"));
        let recall = json!({"lot": "comirnaty.EL1484", "reason": "Glass in a vial"});
        assert!(given("operator", "recall-lot", recall).contains("lot.recalled.v1"));
        let booked = copied(booking);
        assert!(String::from_utf8_lossy(&booked.stdout).contains("appointment.booked.v1"));
        server.stop_at_rest();
        files
    }

    fn whole(&self) -> PathBuf {
        self.folder.path().join("whole")
    }

    /// A copy to damage.
    fn copy(&self, name: &str) -> PathBuf {
        let copy = self.folder.path().join(name);
        fs::create_dir(&copy).expect("made");
        for entry in fs::read_dir(self.whole()).expect("listed") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), copy.join(entry.file_name())).expect("copied");
        }
        copy
    }
}

/// Changes a file. Each statement must change something: a damage that does not happen cannot be found.
async fn sql(file: PathBuf, statements: &str) {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.expect("opens");
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.expect("done");
    let of_schema = ["PRAGMA", "DROP"].iter().any(|word| statements.contains(word));
    assert!(of_schema || done.rows_affected() > 0, "nothing is changed by {statements}");
    connection.close().await.expect("closed");
}

async fn text(file: PathBuf, query: &'static str) -> String {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}?mode=ro", file.display())).await.expect("opens");
    sqlx::query_scalar(query).fetch_one(&mut connection).await.expect("a text")
}

/// The exit code, and the text of both outputs.
fn check(data: &Path, told: Option<&Path>) -> (i32, String) {
    let mut command = Command::new(BINARY);
    command.arg("check").arg("--data").arg(data);
    if let Some(told) = told {
        command.arg("--told").arg(told);
    }
    let output = command.output().expect("runs");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().expect("a code"), String::from_utf8(printed).expect("text"))
}

fn assert_found(data: &Path, told: Option<&Path>, what: &str) {
    let (code, printed) = check(data, told);
    assert_eq!(code, 1, "{what}: {printed}");
    assert!(printed.contains(what), "{what:?} is not in: {printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_damage_is_found_and_whole_files_are_not_blamed() {
    let files = Files::make();
    assert_eq!(check(&files.whole(), None).0, 0, "{}", check(&files.whole(), None).1);

    let copy = files.copy("a deleted event");
    sql(copy.join("care.db"), "DELETE FROM event WHERE position = 20").await;
    assert_found(&copy, None, "care:21: the event before it is at 19");

    let copy = files.copy("a deleted last event");
    sql(copy.join("care.db"), "DELETE FROM event WHERE position = (SELECT max(position) FROM event)").await;
    assert_found(&copy, None, "beyond the log's end");

    let copy = files.copy("a byte of an event");
    sql(
        copy.join("care.db"),
        "UPDATE event SET data = CAST('x' || substr(CAST(data AS TEXT), 2) AS BLOB) WHERE position = 7",
    )
    .await;
    assert_found(&copy, None, "care:7: the data of");

    let copy = files.copy("a byte of an envelope");
    sql(copy.join("care.db"), "UPDATE event SET meta = substr(meta, 1, length(meta) - 1) WHERE position = 7").await;
    assert_found(&copy, None, "care:7: the packed envelope is damaged");

    let copy = files.copy("a letter of an event that still reads");
    let other = "UPDATE event SET data = CAST(replace(CAST(data AS TEXT), '\"capacity\":1', '\"capacity\":2') AS BLOB)
                 WHERE kind = 'appointment.session-published.v1'";
    sql(copy.join("care.db"), other).await;
    assert_found(&copy, None, "is not what the log says");

    let copy = files.copy("two events of a command in the other order");
    // The last booking: the log holds the two events of its command one after the other.
    let swap = "UPDATE event SET position = 1000001
                WHERE position = (SELECT max(position) FROM event WHERE kind = 'appointment.booked.v1');
                UPDATE event SET position = position + 1
                WHERE position = (SELECT max(position) FROM event WHERE kind = 'appointment.slot-taken.v1');
                UPDATE event SET position = (SELECT max(position) - 1 FROM event WHERE kind = 'appointment.slot-taken.v1')
                WHERE position = 1000001";
    sql(copy.join("care.db"), swap).await;
    assert_found(&copy, None, "it has no command key, and does not belong to the event before it");

    let copy = files.copy("time goes back");
    sql(copy.join("care.db"), "UPDATE event SET recorded_at = recorded_at + 3600000000 WHERE position = 9").await;
    assert_found(&copy, None, "care:10: it was recorded before the event before it");

    let copy = files.copy("a booking that only the diary knows");
    let other_slot = "UPDATE event SET data = CAST(replace(CAST(data AS TEXT), ':00Z', ':30Z') AS BLOB)
                      WHERE kind = 'appointment.slot-taken.v1'";
    sql(copy.join("care.db"), other_slot).await;
    assert_found(&copy, None, "the diary alone knows the booking");

    let copy = files.copy("a remembered decision of a command that stored events");
    let both = "INSERT INTO remembered SELECT command_key, randomblob(32), 1, recorded_at,
                CAST('{\"decision\":\"nothing-new\"}' AS BLOB)
                FROM event WHERE command_key IS NOT NULL LIMIT 1";
    sql(copy.join("care.db"), both).await;
    assert_found(&copy, None, "care: a remembered decision has the key of a command that stored events");

    let copy = files.copy("a remembered decision that cannot be read");
    let unread = "INSERT INTO remembered VALUES (randomblob(32), randomblob(32), 1, 1, CAST('{}' AS BLOB))";
    sql(copy.join("care.db"), unread).await;
    assert_found(&copy, None, "care: a remembered decision cannot be read");

    let copy = files.copy("no files");
    fs::remove_file(copy.join("care.db")).expect("deleted");
    assert_eq!(check(&copy, None).0, 2, "what cannot be checked is neither clean nor damaged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_overwritten_is_found() {
    let files = Files::make();
    let copy = files.copy("a page");
    let mut file = fs::OpenOptions::new().write(true).open(copy.join("care.db")).expect("opens");
    let length = file.metadata().expect("is there").len();
    file.seek(SeekFrom::Start(length / 4_096 / 2 * 4_096)).expect("a place");
    file.write_all(&[0xff; 64]).expect("written");
    drop(file);
    let (code, printed) = check(&copy, None);
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("care.db: ") || printed.contains("cannot be read"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_not_the_fold_of_the_log_is_found() {
    let files = Files::make();
    let tables = "SELECT group_concat(name, ' ') FROM sqlite_schema WHERE type = 'table' AND name GLOB 'view_*'";
    let tables = text(files.whole().join("views.db"), tables).await;
    assert_eq!(tables.split(' ').count(), read_models(), "{tables}");
    for table in tables.split(' ') {
        let one = format!("(partition, sort) = (SELECT partition, sort FROM {table} LIMIT 1)");
        let copy = files.copy(&format!("a lost row of {table}"));
        sql(copy.join("views.db"), &format!("DELETE FROM {table} WHERE {one}")).await;
        assert_found(&copy, None, "is lost");

        let copy = files.copy(&format!("a changed row of {table}"));
        sql(copy.join("views.db"), &format!("UPDATE {table} SET row = CAST('{{}}' AS BLOB) WHERE {one}")).await;
        assert_found(&copy, None, "is not what the log says");

        let copy = files.copy(&format!("a row too many of {table}"));
        let more = format!("INSERT INTO {table} SELECT partition, sort || '0', row FROM {table} LIMIT 1");
        sql(copy.join("views.db"), &more).await;
        assert_found(&copy, None, "should not be there");
    }
    let copy = files.copy("a checkpoint ahead of its rows");
    sql(copy.join("views.db"), "UPDATE projection SET position = position + 1, event_id = NULL").await;
    assert_found(&copy, None, "beyond the log's end");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_were_told_is_held_against_the_log() {
    let files = Files::make();
    let query = "SELECT json_object('id', lower(hex(id)), 'kind', kind, 'stream', stream, 'revision', revision, 'position', position)
                 FROM event WHERE position = 30";
    let event: Value = serde_json::from_str(&text(files.whole().join("care.db"), query).await).expect("JSON");
    let hex = event["id"].as_str().expect("an id");
    let id: uuid::Uuid = hex.parse().expect("an id");
    let mut event = event.clone();
    event["id"] = json!(id.to_string());
    let told = |name: &str, lines: &[Value]| {
        let file = files.folder.path().join(name);
        let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
        fs::write(&file, text.join("\n") + "\n{\"key\": \"half a li").expect("written");
        file
    };
    let line = json!({"key": "key-1", "position": "care:30", "events": [event]});
    let truth =
        told("truth", &[line.clone(), json!({"key": "key-2", "position": "care:30", "events": []}), line.clone()]);
    assert_eq!(check(&files.whole(), Some(&truth)).0, 0, "{}", check(&files.whole(), Some(&truth)).1);

    let mut moved = line.clone();
    moved["events"][0]["position"] = json!(31);
    assert_found(&files.whole(), Some(&told("moved", &[moved])), "care:30: line 1 was told of");

    let mut lost = line.clone();
    lost["events"][0]["id"] = json!(uuid::Uuid::from_u128(7).to_string());
    assert_found(&files.whole(), Some(&told("lost", &[lost.clone()])), "it is lost");

    assert_found(&files.whole(), Some(&told("doubled", &[line, lost])), "the key key-1 has had another effect");

    let copy = files.copy("swapped");
    let swap = "UPDATE event SET position = 1000001 WHERE position = 30;
                UPDATE event SET position = 30 WHERE position = 31;
                UPDATE event SET position = 31 WHERE position = 1000001";
    sql(copy.join("care.db"), swap).await;
    assert_found(&copy, Some(&truth), "care:31: line 1 was told of");
}

/// A damaged installation, made from an intact one by SQL on its files, and the answer of `frontdoor check`.
struct Installation {
    name: &'static str,
    changes: &'static [(&'static str, &'static str)],
    exit: i32,
    says: &'static str,
}

const INSTALLATIONS: [Installation; 11] = [
    Installation { name: "as it was stopped", changes: &[], exit: 0, says: "0 topics checked, 0 findings" },
    Installation {
        name: "rows of an older version, which its servers read during an upgrade",
        changes: &[(
            "views.db",
            "INSERT INTO projection (name, version, build, live, position, lineage, epoch)
             SELECT name, 0, build, live, position, lineage, epoch FROM projection",
        )],
        exit: 0,
        says: "0 findings",
    },
    Installation {
        name: "a read model without a live build",
        changes: &[("views.db", "UPDATE projection SET live = 0 WHERE name = 'practices'")],
        exit: 1,
        says: "practices version 1: it has no live build",
    },
    Installation {
        name: "a read model that is missing",
        changes: &[("views.db", "DELETE FROM projection WHERE name = 'practices'")],
        exit: 1,
        says: "practices version 1: it has no live build",
    },
    Installation {
        name: "a read model of a newer version",
        changes: &[("views.db", "UPDATE projection SET version = 99 WHERE name = 'practices'")],
        exit: 1,
        says: "practices version 99: this binary does not know it",
    },
    Installation {
        name: "views of another log",
        changes: &[("views.db", "UPDATE projection SET lineage = randomblob(16)")],
        exit: 1,
        says: "practices: its rows were made from another log",
    },
    Installation {
        name: "a kind that this binary does not know",
        changes: &[("care.db", "UPDATE event SET kind = 'practice.closed.v1' WHERE position = 1")],
        exit: 1,
        says: "care:1: this binary does not know the kind practice.closed.v1",
    },
    Installation {
        name: "a log of a newer schema",
        changes: &[("care.db", "PRAGMA user_version = 99")],
        exit: 2,
        says: "care.db has schema version 99",
    },
    Installation {
        name: "a second log of a newer schema",
        changes: &[("access.db", "PRAGMA user_version = 99")],
        exit: 2,
        says: "access.db has schema version 99",
    },
    Installation {
        name: "views of a newer schema",
        changes: &[("views.db", "PRAGMA user_version = 99")],
        exit: 2,
        says: "views.db has schema version 99",
    },
    Installation {
        name: "not a log",
        changes: &[("care.db", "DROP TABLE event")],
        exit: 1,
        says: "care:1: cannot be read from here on",
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn each_installation_gets_its_exit_code_and_its_message() {
    let files = Files::make();
    for Installation { name, changes, exit, says } in INSTALLATIONS {
        let copy = files.copy(name);
        for (file, statements) in changes {
            sql(copy.join(file), statements).await;
        }
        assert_answer(&copy, exit, says, name);
    }
    let all = format!("{} read models, ", read_models());
    assert_answer(&files.whole(), 0, &all, "as it was stopped");
    let copy = files.copy("without the log of accesses");
    fs::remove_file(copy.join("access.db")).expect("removed");
    assert_answer(&copy, 1, "access.db is missing", "without the log of accesses");

    let copy = files.copy("an empty log");
    fs::write(copy.join("care.db"), "").expect("emptied");
    assert_answer(&copy, 2, "care.db is missing or empty", "an empty log");

    let copy = files.copy("without views");
    fs::remove_file(copy.join("views.db")).expect("removed");
    assert_answer(&copy, 0, "0 read models", "views can be deleted");
}

/// Asserts that the answer is as expected and that no file is left behind.
fn assert_answer(data: &Path, exit: i32, says: &str, name: &str) {
    let before = names(data);
    let (code, printed) = check(data, None);
    assert_eq!(code, exit, "{name}: {printed}");
    assert!(printed.contains(says), "{name}: {says:?} is not in: {printed}");
    assert_eq!(names(data), before, "{name}: the check leaves the folder as it was");
}

fn names(folder: &Path) -> Vec<String> {
    let name =
        |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = fs::read_dir(folder).expect("listed").map(name).collect();
    names.sort();
    names
}

#[test]
fn the_files_of_a_killed_server_are_checked_where_they_are_and_read_only_media_as_far_as_they_can_be() {
    let whole = Files::make();
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::demo(folder.path());
    let booking = server.printed.lines().find(|line| line.contains("/commands/book-appointment")).expect("a line");
    Command::new("bash").arg("-c").arg(booking).output().expect("bash runs");
    server.kill();
    let logs = names(folder.path()).into_iter().filter(|name| name.ends_with("-wal")).count();
    assert!(logs > 0, "a killed server leaves its write-ahead logs");
    for index in ["care.db-shm", "access.db-shm", "views.db-shm"] {
        // Not every copy has this file.
        drop(fs::remove_file(folder.path().join(index)));
    }
    assert_answer(folder.path(), 0, "0 findings", "a killed server");

    let Some(media) = common::SmallDisk::read_only(&[(&whole.whole(), "whole"), (folder.path(), "killed")]) else {
        return;
    };
    assert_answer(&media.path().join("whole"), 0, "0 findings", "a whole copy on read-only media");
    assert_answer(&media.path().join("killed"), 2, "copy the folder", "a write-ahead log on read-only media");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_has_expired_is_not_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::demo(folder.path());
    let (client, signer) = (reqwest::Client::new(), Signer::demo(folder.path()));
    let staff = signer.staff("A99001");
    let session = common::session("A99001.HED000000001", "10:00", 1);
    common::granted(&client, &server.base, &staff, "publish-session", "expired-hold-session", &session).await;
    for n in [1, 2] {
        let (key, body) = (format!("expired-hold-patient-{n}"), common::registration(n, "A99001"));
        common::granted(&client, &server.base, &staff, "register-patient", &key, &body).await;
    }
    let hold =
        |n: u64| json!({"session": "A99001.HED000000001", "startsAt": common::slot(0), "patient": common::subject(n)});
    let patient = |n: u64| signer.patient(&common::subject(n));
    common::granted(&client, &server.base, &patient(1), "hold-slot", "expired-hold-first", &hold(1)).await;
    server.stop();
    // The hold ends in the past, as if it had been placed long ago.
    let past =
        "UPDATE event SET data = CAST(json_set(CAST(data AS TEXT), '$.expiresAt', '2026-01-01T00:00:00Z') AS BLOB)
                WHERE kind = 'appointment.slot-held.v1'";
    sql(folder.path().join("care.db"), past).await;
    for file in names(folder.path()).into_iter().filter(|name| name.starts_with("views.db")) {
        fs::remove_file(folder.path().join(file)).expect("removed");
    }
    let server = Server::demo(folder.path());
    common::granted(&client, &server.base, &patient(2), "hold-slot", "expired-hold-second", &hold(2)).await;
    server.stop();
    assert_answer(folder.path(), 0, "0 findings", "an expired hold");
}
