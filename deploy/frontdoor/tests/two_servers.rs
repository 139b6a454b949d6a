//! Two servers on one log in a real PostgreSQL, each with its own views.

mod common;

use std::collections::BTreeMap;

use common::{Server, Signer, ask, frontdoor, give, granted, registration, session, slot, subject};
use futures::{StreamExt, future::join_all, stream};
use local::postgres::Database;
use serde_json::json;

const PATIENTS: u64 = 200;
const SLOTS: u64 = 30;
const PRACTICE: &str = "A99009";
const SESSION: &str = "A99009.RACE00000001";

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_race_for_one_session_and_one_goes_on_when_the_other_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys");
    let database = Database::new();
    let log = database.url("server").await;
    let one = Server::with_log(&folder.path().join("one"), &keys, &log);
    let other = Server::with_log(&folder.path().join("other"), &keys, &log);
    let (signer, client) = (Signer::plain(&keys), reqwest::Client::new());
    let (operator, staff) = (signer.operator(), signer.staff(PRACTICE));
    let practice = json!({"practice": PRACTICE, "name": "Race Surgery", "address": "1 Starting Line"});
    granted(&client, &one.base, &operator, "open-practice", "race-open-practice", &practice).await;
    granted(&client, &other.base, &staff, "publish-session", "race-publish-session", &session(SESSION, "14:00", 1))
        .await;
    let bases = [one.base.clone(), other.base.clone()];
    stream::iter(0..PATIENTS)
        .for_each_concurrent(64, async |n| {
            let key = format!("race-register-{n:06}");
            granted(&client, &bases[n as usize % 2], &staff, "register-patient", &key, &registration(n, PRACTICE))
                .await;
        })
        .await;

    let book = async |base: &str, n: u64| {
        let (token, key) = (signer.patient(&subject(n)), format!("race-book-{n:012}"));
        let starts_at = slot(i64::try_from(n % SLOTS).expect("small"));
        let wish = json!({"session": SESSION, "startsAt": starts_at, "patient": subject(n)});
        give(&client, base, &token, "book-appointment", &key, &wish).await.expect("an answer")
    };
    // Patients that registered at one server book at the other.
    let answers = join_all((0..PATIENTS).map(|n| book(&bases[(n as usize + 1) % 2], n))).await;
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for answer in &answers {
        *outcomes.entry(format!("{} {}", answer.status, answer.problem())).or_default() += 1;
    }
    assert_eq!(outcomes, BTreeMap::from([("200 ".to_owned(), 30), ("409 slot-taken".to_owned(), 170)]));

    // A booking at one server is visible in the views of the other as soon as they reach its position, and a repeat at
    // the other server gets the same answer.
    let (winner, granted) = (0..).zip(&answers).find(|(_, answer)| answer.status == 200).expect("somebody won");
    for base in &bases {
        let path = format!("/patients/{}/appointments?strict=true&after={}", subject(winner), granted.position());
        let seen = ask(&client, base, &signer.patient(&subject(winner)), &path).await;
        assert_eq!(seen.body["items"].as_array().map(Vec::len), Some(1), "{}", seen.body);
        let again = book(base, winner).await;
        assert_eq!((again.status, again.replayed, again.position()), (200, true, granted.position()));
    }

    one.kill();
    let day = slot(0);
    let path = format!("/practices/{PRACTICE}/days/{}", &day[..10]);
    assert_eq!(ask(&client, &bases[1], &staff, &path).await.status, 200);
    let cancel = json!({
        "session": SESSION,
        "startsAt": slot(i64::try_from(winner % SLOTS).expect("small")),
        "patient": subject(winner),
        "reason": "cancelled-by-citizen",
    });
    let token = signer.patient(&subject(winner));
    let answer = give(&client, &bases[1], &token, "cancel-appointment", "race-cancel-000001", &cancel).await;
    assert_eq!(answer.expect("an answer").status, 200);
    other.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_one_server_gave_is_never_unknown_to_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys");
    let database = Database::new();
    let log = database.url("server").await;
    let one = Server::with_log(&folder.path().join("one"), &keys, &log);
    let other = Server::with_log(&folder.path().join("other"), &keys, &log);
    let (signer, client) = (Signer::plain(&keys), reqwest::Client::new());
    let (operator, staff, auditor) = (signer.operator(), signer.staff(PRACTICE), signer.auditor());
    let practice = json!({"practice": PRACTICE, "name": "Race Surgery", "address": "1 Starting Line"});
    granted(&client, &one.base, &operator, "open-practice", "tail-open-practice", &practice).await;
    for n in 0..PATIENTS {
        let key = format!("tail-register-{n:06}");
        let given = give(&client, &one.base, &staff, "register-patient", &key, &registration(n, PRACTICE)).await;
        let after = given.expect("an answer").position().to_owned();
        let tail = ask(&client, &other.base, &auditor, &format!("/events?after={after}")).await;
        assert_eq!(tail.status, 200, "{after}: {}", tail.body);
    }
    one.stop();
    other.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_migrated_by_its_owner_and_a_server_only_looks() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::new().emptied().await;
    let (owner, server) = (database.url("owner").await, database.url("server").await);
    let data = folder.path().join("data");
    let serve = |log: &str| {
        let data = data.display().to_string();
        frontdoor(&["serve", "--demo", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--data", &data, "--log", log])
    };
    let refused = serve(&server);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && why.contains("has to be migrated"), "{why}");
    for _ in 0..2 {
        let migrated = frontdoor(&["migrate", "--log", &owner, "--server-role", "server"]);
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    }
    let keys = folder.path().join("keys");
    Server::with_log(&data, &keys, &server).stop();
    assert_eq!(frontdoor(&["migrate", "--log", "sqlite:somewhere"]).status.code(), Some(64));
}
