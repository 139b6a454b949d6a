//! The tasks of an operator with the real binary: inspecting, rebuilding and deleting views.

mod common;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use common::{Server, ask, frontdoor, give, read_models};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

/// The time limit for readiness to reflect a change; generous, for a busy machine.
const HEALTH_SEEN_MAX: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_the_projections_and_rebuilds_one_while_it_serves() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::demo(folder.path());
    let admin = server.admin.trim_start_matches("http://");
    let table = frontdoor(&["projections", "--admin", admin]);
    let table = String::from_utf8(table.stdout).expect("text");
    let list = frontdoor(&["projections", "--json", "--admin", admin]);
    let list: Value = serde_json::from_slice(&list.stdout).expect("JSON");
    let items = list["items"].as_array().expect("a list");
    assert_eq!(items.len(), read_models(), "{list}");
    for item in items {
        let name = item["name"].as_str().expect("a name");
        assert!(table.contains(name), "{table}");
        let rebuilt = frontdoor(&["rebuild", name, "--admin", admin]);
        assert!(rebuilt.status.success(), "{name}: {}", String::from_utf8_lossy(&rebuilt.stderr));
    }
    let mut proxied = std::process::Command::new(common::BINARY);
    proxied
        .args(["status", "--json", "--admin", admin])
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("http_proxy", "http://127.0.0.1:1");
    assert!(proxied.output().expect("runs").status.success(), "a loopback address is asked without a proxy");
    let unknown = frontdoor(&["rebuild", "nonsense", "--admin", admin]);
    assert_eq!(unknown.status.code(), Some(1));
    server.stop();
    common::assert_clean(folder.path(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_that_are_deleted_come_back_as_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    Server::demo(folder.path()).stop();
    let views: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("views.db")))
        .collect();
    assert!(!views.is_empty());
    views.iter().for_each(|file| std::fs::remove_file(file).expect("deleted"));
    Server::demo(folder.path()).stop();
    common::assert_clean(folder.path(), None);
}

/// The error output of a `frontdoor serve` that does not start.
fn refused(data: &Path) -> String {
    let data = data.to_str().expect("UTF-8");
    let output = frontdoor(&["serve", "--demo", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--data", data]);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_has_lost_a_log_is_refused_until_a_new_history_is_begun_on_purpose() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = format!("sqlite:{}", folder.path().display());
    Server::demo(folder.path()).stop();
    assert_eq!(frontdoor(&["log", "create", &place]).status.code(), Some(1), "it has both logs");
    let whole = std::fs::read(folder.path().join("care.db")).expect("the log");
    let access = std::fs::read(folder.path().join("access.db")).expect("the log");

    std::fs::remove_file(folder.path().join("access.db")).expect("removed");
    let said = refused(folder.path());
    assert!(said.contains("access.db is missing") && said.contains("frontdoor log create"), "{said}");
    std::fs::write(folder.path().join("access.db"), access).expect("restored");
    Server::demo(folder.path()).stop();

    std::fs::write(folder.path().join("care.db"), "").expect("emptied");
    let said = refused(folder.path());
    assert!(said.contains("care.db is missing or empty") && said.contains("frontdoor log create"), "{said}");
    std::fs::remove_file(folder.path().join("care.db")).expect("removed");
    assert!(refused(folder.path()).contains("care.db is missing"));
    assert!(!folder.path().join("care.db").exists(), "nothing is made by a refusal");

    std::fs::write(folder.path().join("care.db"), whole).expect("restored");
    Server::demo(folder.path()).stop();
    common::assert_clean(folder.path(), None);

    std::fs::remove_file(folder.path().join("care.db")).expect("removed");
    let created = frontdoor(&["log", "create", &place]);
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
    let printed = String::from_utf8(created.stdout).expect("text");
    assert!(printed.contains("the log care begins a new history"), "{printed}");
    assert!(!printed.contains("the log access"), "{printed}");
    Server::demo(folder.path()).stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_lies_ahead_of_the_clock_is_said_counted_and_not_well() {
    let folder = tempfile::tempdir().expect("a folder");
    Server::demo(folder.path()).stop();
    let mut log =
        SqliteConnection::connect(&format!("sqlite:{}", folder.path().join("care.db").display())).await.expect("opens");
    let hour =
        "UPDATE event SET recorded_at = recorded_at + 3600000000 WHERE position = (SELECT max(position) FROM event)";
    sqlx::raw_sql(hour).execute(&mut log).await.expect("done");
    log.close().await.expect("closed");
    let server = Server::demo(folder.path());
    let status = frontdoor(&["status", "--admin", server.admin.trim_start_matches("http://")]);
    let printed = String::from_utf8(status.stdout).expect("text");
    assert_eq!(status.status.code(), Some(1), "{printed}");
    assert!(printed.contains("the last event of care lies 3"), "{printed}");
    let metrics = reqwest::get(format!("{}/metrics", server.admin)).await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    let ahead = metrics.lines().find_map(|line| line.strip_prefix("log_ahead_of_clock_ms{log=\"care\"} "));
    assert!(ahead.is_some_and(|ahead| ahead.parse::<u64>().expect("a number") > 3_500_000), "{metrics}");
    server.stop();
}

/// Waits until readiness has this status, and returns its last answer.
async fn readiness(client: &reqwest::Client, base: &str, wanted: u16) -> Value {
    let deadline = Instant::now() + HEALTH_SEEN_MAX;
    loop {
        let answer = ask(client, base, "", "/health/ready").await;
        if answer.status == wanted {
            return answer.body;
        }
        assert!(Instant::now() < deadline, "it stays {}: {}", answer.status, answer.body);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_disk_is_full_is_not_ready_and_is_well_again_by_itself() {
    let Some(disk) = common::SmallDisk::mount(24) else { return };
    let server = Server::demo(disk.path());
    let (client, base) = (reqwest::Client::new(), server.base.as_str());
    let operator = common::Signer::demo(disk.path()).operator();
    let open = async |n: usize| {
        let practice = json!({"practice": format!("A98{n:03}"), "name": "Full Surgery", "address": "x".repeat(150)});
        give(&client, base, &operator, "open-practice", &format!("full-disk-{n:08}"), &practice)
            .await
            .expect("an answer")
    };
    assert_eq!(open(0).await.status, 200);
    readiness(&client, base, 200).await;
    // The ballast uses the free space, so that the log's own file cannot grow.
    let ballast = disk.path().join("ballast");
    let mut file = std::fs::File::create(&ballast).expect("made");
    while std::io::Write::write_all(&mut file, &[0; 4_096]).is_ok() {}
    drop(file);
    let mut n = 1;
    while open(n).await.status != 503 {
        n += 1;
        assert!(n < 1_000, "the disk never fills up");
    }
    let said = readiness(&client, base, 503).await;
    assert!(said["detail"].as_str().is_some_and(|detail| detail.contains("the disk is full")), "{said}");
    let status = frontdoor(&["status", "--admin", server.admin.trim_start_matches("http://")]);
    let printed = String::from_utf8(status.stdout).expect("text");
    assert!(status.status.code() == Some(1) && printed.contains("the disk is full"), "{printed}");

    std::fs::remove_file(&ballast).expect("removed");
    assert_eq!(open(n).await.status, 200, "the refused command is sent again");
    readiness(&client, base, 200).await;
    server.stop();
    common::assert_clean(disk.path(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_metrics_and_problems_are_where_they_should_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::demo(folder.path());
    let client = reqwest::Client::new();
    for base in [&server.base, &server.admin] {
        assert_eq!(ask(&client, base, "", "/health/live").await.body, json!({"status": "live"}));
        assert_eq!(ask(&client, base, "", "/health/ready").await.body, json!({"status": "ready"}));
    }
    for base in [&server.base, &server.admin] {
        let nowhere = ask(&client, base, "", "/nowhere").await;
        assert_eq!((nowhere.status, nowhere.problem()), (404, "not-found"));
        let wrong = client.delete(format!("{base}/health/live")).send().await.expect("an answer");
        assert_eq!(wrong.status().as_u16(), 405);
        assert!(wrong.headers().contains_key("allow"));
        assert_eq!(wrong.headers()["content-type"], "application/problem+json");
    }
    let metrics = client.get(format!("{}/metrics", server.admin)).send().await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    assert!(metrics.contains("http_requests_total"), "{metrics}");
    assert!(metrics.contains("policies_parked{policy=\"waiting-lists\"} 0"), "{metrics}");
    let nobody_s_business = ask(&client, &server.base, "", "/metrics").await;
    assert_eq!(nobody_s_business.status, 404);
    for key_file in ["demo-key.p8", "alice"] {
        assert_private(&folder.path().join(key_file));
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn web_pages_cannot_use_the_operators_listener() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), &["--demo", "--admin-host=frontdoor.internal"]);
    let client = reqwest::Client::new();
    for (name, value, status) in [
        ("host", "rebound.example:8081", 403),
        ("host", "127.0.0.1.rebound.example", 403),
        ("host", "frontdoor.internal:8081", 200),
        ("host", "localhost:8081", 200),
        ("host", "[::1]:8081", 200),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-origin", 403),
        ("sec-fetch-site", "none", 200),
        ("origin", "http://page.example", 403),
    ] {
        let answer = client.get(format!("{}/status", server.admin)).header(name, value).send().await;
        assert_eq!(answer.expect("an answer").status().as_u16(), status, "{name}: {value}");
    }
    server.stop();
}

#[test]
fn a_servers_folder_and_files_are_readable_by_its_own_user_only() {
    let outer = tempfile::tempdir().expect("a folder");
    let data = outer.path().join("new");
    let server = Server::demo(&data);
    assert_private(&data);
    let entries: Vec<_> = std::fs::read_dir(&data).expect("a folder").map(|entry| entry.expect("an entry")).collect();
    assert!(entries.len() > 6, "logs, views and keys");
    for entry in entries {
        assert_private(&entry.path());
    }
    server.stop();
}

#[test]
fn what_consumers_of_kafka_have_to_know_is_printed() {
    let printed = |arguments: &[&str]| -> Value { serde_json::from_slice(&frontdoor(arguments).stdout).expect("JSON") };
    assert_eq!(printed(&["asyncapi"])["asyncapi"], "3.0.0");
    assert_eq!(printed(&["asyncapi", "practice.opened.v1"])["title"], "practice.opened.v1");
    assert_eq!(frontdoor(&["asyncapi", "practice.closed.v1"]).status.code(), Some(64));
}

fn assert_private(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file).expect("is there").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{} is private", file.display());
}
