//! A server that signs vaccination passes: its keys are read again while it runs, and passes stay what they were.

mod common;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use common::{Server, Signer, frontdoor, granted, registration, subject, until};
use event_core::Timestamp;
use passes::{PassFault, RevocationList, TrustList, verify};
use serde_json::{Value, json};

/// Makes a key that signs from this moment on.
fn make_key(folder: &Path) {
    let out = folder.display().to_string();
    let made = frontdoor(&["pass", "key", "--country", "GB", "--days", "90", "--out", &out]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn get(server: &Server, token: &str, path: &str) -> Value {
    let header = format!("Authorization: Bearer {token}");
    let url = format!("{}{path}", server.base);
    let output = std::process::Command::new("curl").args(["-s", "-H", &header, &url]).output().expect("curl runs");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_added_sign_later_passes_and_earlier_ones_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, keys) = (folder.path().join("data"), folder.path().join("keys"));
    make_key(&keys);
    let server = Server::start(&data, &["--demo", &format!("--service-file=passes={}", keys.display())]);
    let (client, signer, alice) = (reqwest::Client::new(), Signer::demo(&data), subject(7));
    let patient = signer.patient(&alice);
    let give = async |token: &str, name: &str, key: &str, body: Value| {
        granted(&client, &server.base, token, name, key, &body).await;
    };
    give(&signer.staff("A99001"), "register-patient", "register-the-patient", registration(7, "A99001")).await;
    let vaccinator =
        json!({"sub": "nurse-1", "role": "staff", "organisation": "A99001", "permissions": ["vaccinating"]});
    let dose = json!({"programme": "covid-19", "number": 1, "vaccine": "comirnaty", "lot": "EL1484",
        "expiresOn": common::in_days(60), "givenOn": common::in_days(0), "site": "A99001", "route": "intramuscular",
        "givenBy": "Nora Example"});
    let recorded = json!({"subject": alice, "dose": "0000000000D1", "given": dose});
    give(&signer.token(vaccinator), "record-dose", "record-the-dose-1", recorded).await;
    let issue = |pass: &str| {
        json!({"subject": alice, "pass": pass, "dose": "0000000000D1",
            "name": {"surname": "Invented", "forename": "Somebody"}})
    };
    give(&patient, "issue-pass", "issue-the-first-pass", issue("0000000000P1")).await;
    let text = |pass: &str| {
        let path = format!("/patients/{alice}/vaccination-passes/{pass}");
        until("the pass is shown", || get(&server, &patient, &path)["signed"]["text"].is_string());
        get(&server, &patient, &path)["signed"]["text"].as_str().expect("a text").to_owned()
    };
    let first = text("0000000000P1");
    let trusted = || get(&server, &patient, "/vaccination-passes/trust-list")["keys"].as_array().map_or(0, Vec::len);
    assert_eq!(trusted(), 1);

    // Keys begin in whole seconds, and a key that begins in the second of a pass would sign that pass.
    let issued = Instant::now();
    until("the second of the pass is over", || issued.elapsed() > Duration::from_secs(1));
    make_key(&keys);
    server.signal("-HUP");
    until("both keys are trusted", || trusted() == 2);
    assert_eq!(text("0000000000P1"), first, "a pass that was issued stays what it was");

    give(&patient, "issue-pass", "issue-the-second-pass", issue("0000000000P2")).await;
    // The newest key is the first of the list.
    let mut list = get(&server, &patient, "/vaccination-passes/trust-list");
    list["keys"].as_array_mut().expect("keys").truncate(1);
    let newest = TrustList::parse(&list.to_string()).expect("a trust list");
    let now = Timestamp::from_jiff(jiff::Timestamp::now());
    let none = RevocationList::new(now, []).expect("an empty list");
    let accepted = |text: &str| verify(text, &newest, &none, now).map(|contents| contents.vaccination.dose);
    assert_eq!(accepted(&text("0000000000P2")), Ok(1), "it is signed by the newest key");
    assert_eq!(accepted(&first), Err(PassFault::UnknownKey));
    server.stop();
}
