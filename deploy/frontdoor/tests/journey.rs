//! The statements of README.md, tested with the real binary: the lines to copy, a second start, and the pages.

mod common;

use std::process::Command;

use common::{Server, Signer, ask, assert_clean, granted, subject};
use serde_json::{Value, json};

/// The lines of README.md's shell block, with their descriptions.
fn lines_of_the_readme() -> Vec<(String, String)> {
    let readme = include_str!("../../../README.md");
    let (_, after) = readme.split_once("```sh\n").expect("README.md has lines to copy");
    let (block, _) = after.split_once("```").expect("the block ends");
    let lines: Vec<&str> = block.lines().collect();
    lines.chunks(2).map(|pair| (pair[0].trim_start_matches("# ").to_owned(), pair[1].to_owned())).collect()
}

/// Runs a line in a shell.
fn shell(line: &str) -> Value {
    let output = Command::new("bash").arg("-c").arg(line).output().expect("bash runs");
    let text = String::from_utf8(output.stdout).expect("text");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{line}\nanswers {text:?}: {error}"))
}

fn copy_all(lines: &[(String, String)]) {
    let [search, book, see, register, log] = lines else { panic!("five lines, not {}", lines.len()) };
    let free = shell(&search.1);
    assert!(free["items"].as_array().is_some_and(|items| !items.is_empty()), "free slots: {free}");
    let booked = shell(&book.1);
    assert!(booked["events"].as_array().is_some_and(|events| events.len() == 2), "booked: {booked}");
    let position = booked["position"].as_str().expect("a position");
    let own = shell(&format!("{}?after={position}", see.1));
    assert!(own["items"].as_array().is_some_and(|items| !items.is_empty()), "my appointments: {own}");
    let donor = shell(&register.1);
    assert!(donor["position"].is_string(), "a donor: {donor}");
    let events = shell(&log.1);
    assert_eq!(events.as_array().map(Vec::len), Some(5), "the log: {events}");
}

fn lines_that_were_printed(printed: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = printed.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[0].starts_with("# ") && pair[1].starts_with("curl"));
    pairs.map(|pair| (pair[0].trim_start_matches("# ").to_owned(), pair[1].to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_the_readme_and_the_lines_that_are_printed_do_what_they_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("text");
    let first = Server::demo(folder.path());
    let address = first.base.trim_start_matches("http://");
    let here =
        |(what, line): (String, String)| (what, line.replace("target/demo", data).replace("127.0.0.1:8080", address));
    let from_readme: Vec<_> = lines_of_the_readme().into_iter().map(here).collect();
    let printed = lines_that_were_printed(&first.printed);
    let names = |lines: &[(String, String)]| lines.iter().map(|(what, _)| what.clone()).collect::<Vec<_>>();
    assert_eq!(names(&from_readme), names(&printed), "README.md and the terminal show the same lines");
    copy_all(&from_readme);
    let end = end_of(&first).await;
    first.stop();

    // The second start continues with the same data and repeats no change.
    let second = Server::demo(folder.path());
    assert_eq!(end_of(&second).await, end);
    copy_all(&lines_that_were_printed(&second.printed));
    second.stop();
    assert_clean(folder.path(), None);
}

async fn end_of(server: &Server) -> u64 {
    let list = ask(&reqwest::Client::new(), &server.admin, "", "/projections").await;
    list.body["end"].as_u64().expect("a position")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_that_the_readme_names_are_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::demo(folder.path());
    let client = reqwest::Client::new();
    for page in ["/docs/", "/openapi.json", "/commands"] {
        let got = client.get(format!("{}{page}", server.base)).send().await.expect("an answer");
        assert!(got.status().is_success(), "{page}: {}", got.status());
    }
    let api = ask(&client, &server.base, "", "/openapi.json").await.body;
    for path in ["/commands/book-appointment", "/free-slots", "/patients/{subject}/organ-donation", "/events"] {
        assert!(api["paths"][path].is_object(), "{path} is described");
    }
    // Every error answer links to its explanation.
    let wrong = [
        client.get(format!("{}/nowhere", server.base)),
        client.delete(format!("{}/practices", server.base)),
        client.get(format!("{}/practices", server.base)),
        client.post(format!("{}/commands/book-appointment", server.base)).body("{"),
    ];
    for request in wrong {
        let problem: Value = request.send().await.expect("an answer").json().await.expect("a problem");
        let explained = ask(&client, &server.base, "", problem["type"].as_str().expect("a type")).await;
        assert_eq!(explained.status, 200, "{problem}");
        assert_eq!(explained.body["title"], problem["title"], "{problem}");
    }
    for code in [
        "request-timeout",
        "too-many-requests",
        "timed-out",
        "not-ready",
        "not-for-pages",
        "overloaded",
        "too-large",
        "view-behind",
        "slot-taken",
    ] {
        assert_eq!(ask(&client, &server.base, "", &format!("/problems/{code}")).await.status, 200, "{code}");
    }
    server.stop();
}

/// As many changes as one day allows, and a withdrawal: one step more than the row of a decision keeps.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_is_longer_than_its_row_is_whole_in_the_list_and_in_the_check() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::demo(folder.path());
    let (client, base) = (reqwest::Client::new(), &server.base);
    let donor = Signer::demo(folder.path()).patient(&subject(1));
    for n in 0..20 {
        let name = if n == 0 { "register-donor" } else { "amend-decision" };
        let kind = ["opt-in-all", "opt-out"][n % 2];
        let body = json!({"subject": subject(1), "decision": {"kind": kind}});
        granted(&client, base, &donor, name, &format!("long-history-{n:06}"), &body).await;
    }
    let body = json!({"subject": subject(1)});
    let withdrawn = granted(&client, base, &donor, "withdraw-decision", "long-history-withdraw", &body).await;
    let path = format!("/patients/{}/organ-donation", subject(1));
    let fresh = format!("strict=true&after={}", withdrawn.position());
    let seen = ask(&client, base, &donor, &format!("{path}?{fresh}")).await.body;
    assert_eq!((seen["history"].as_array().map(Vec::len), &seen["steps"]), (Some(20), &json!(21)));
    let list = ask(&client, base, &donor, &format!("{path}/history?{fresh}")).await.body;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(21), "{list}");
    server.stop();
    assert_clean(folder.path(), None);
}
