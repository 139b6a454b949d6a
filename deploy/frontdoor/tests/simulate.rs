//! `frontdoor simulate` against a real server: a short Monday, eight o'clock, and a file of answers with a lie in it.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use common::Server;
use serde_json::Value;

/// Runs `simulate` with these arguments. The limits of time are those of a busy machine with a debug build.
fn simulate(server: &Server, data: &Path, folder: &Path, arguments: &[&str]) -> Output {
    let (data, folder) = (data.display().to_string(), folder.display().to_string());
    let all = ["simulate", "--data", &data, "--target", &server.base, "--admin", &server.admin, "--folder", &folder];
    let size = ["--patients=60", "--practices=3", "--connections=40", "--p99-max-ms=60000", "--lag-max-ms=60000"];
    common::frontdoor(&[&all[..], &size[..], arguments].concat())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn told(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("what clients were told");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A copy of the file in which the first granted booking is at another position.
fn with_a_lie(file: &Path, folder: &Path) -> PathBuf {
    let mut lines = told(file);
    let booking = lines.iter_mut().find(|line| line["asked"] == "book-appointment" && line["outcome"] == "granted");
    let event = &mut booking.expect("a booking was granted")["events"][0];
    event["revision"] = (event["revision"].as_u64().expect("a number") + 1).into();
    let lie = folder.join("lie.ndjson");
    fs::write(&lie, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("it is written");
    lie
}

#[test]
fn users_come_and_nobody_is_told_something_untrue() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::demo(&data);

    let monday = folder.path().join("monday");
    let output = simulate(&server, &data, &monday, &["--rate=25", "--minutes=0.1", "--speed=40", "--release-in=2"]);
    let printed = text(&output);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("answers held against the log and the views: none untrue."), "{printed}");
    assert!(printed.contains("This writes synthetic data"), "{printed}");
    let answers = told(&monday.join("told.ndjson"));
    let granted = answers.iter().filter(|line| line["outcome"] == "granted" && line["key"] != "").count();
    assert!(answers.len() > 150 && granted > 5, "{} answers, {granted} granted commands: {printed}", answers.len());
    let is_vaccination = |line: &Value| line["asked"] == "book-vaccination" && line["outcome"] == "granted";
    assert!(answers.iter().any(is_vaccination), "no vaccination was booked: {printed}");
    let failed: Vec<&Value> = answers.iter().filter(|line| line["outcome"] == "failed").collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let page = fs::read_to_string(monday.join("report.html")).expect("a report");
    assert!(page.starts_with("<!DOCTYPE html>") && page.matches("<svg").count() == 4, "{page}");
    assert!(page.contains("none untrue") && !page.contains("://www."), "{page}");

    let rush = folder.path().join("rush");
    let eight = ["--rush=60", "--clinics=6", "--slots=12", "--release-in=8", "--longest-max-ms=60000"];
    let output = simulate(&server, &data, &rush, &eight);
    let printed = text(&output);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("Booked: 12 of 12 places."), "{printed}");
    assert!(printed.contains("Told: 60 answers held against the log and the views: none untrue."), "{printed}");

    let lie = with_a_lie(&rush.join("told.ndjson"), folder.path());
    let output = simulate(&server, &data, &rush, &["--hold", &lie.display().to_string()]);
    let printed = text(&output);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("Told: 60 answers held against the log and the views: 1 untrue; line "), "{printed}");

    server.stop_at_rest();
    common::assert_clean(&data, Some(&monday.join("told.ndjson")));
    common::assert_clean(&data, Some(&rush.join("told.ndjson")));
}

#[test]
fn without_a_key_or_on_another_machine_nothing_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = common::frontdoor(&["simulate", "--data", &folder.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(64), "{}", text(&output));
    assert!(text(&output).contains("has no key: give --issuer-key"), "{}", text(&output));

    host::demo_key::DemoKey::in_folder(folder.path()).expect("a key");
    let key = folder.path().join("demo-key.p8").display().to_string();
    let output = common::frontdoor(&["simulate", "--issuer-key", &key, "--target", "http://192.0.2.1:8080"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("is on another machine"), "{}", text(&output));
}
