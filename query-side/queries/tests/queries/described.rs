//! `/openapi.json` describes every route, and every route that it describes exists.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::Value;

use crate::harness::Harness;

/// The paths that the binary serves in addition to this harness's routes.
const OF_THE_BINARY: [&str; 2] = ["/health/live", "/health/ready"];
/// Problems of the layers in front of a route there; the binary's own test checks that they are explained.
const BEFORE_A_ROUTE: [&str; 3] = ["not-ready", "request-timeout", "too-many-requests"];

async fn ask(harness: &Harness, method: Method, path: &str) -> crate::harness::Answer {
    harness.send(Request::builder().method(method).uri(path).body(Body::empty()).expect("a request")).await
}

async fn document(harness: &Harness) -> Value {
    let answer = ask(harness, Method::GET, "/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, Some("application/json")));
    answer.json()
}

#[tokio::test]
async fn whatever_is_described_is_there() {
    let harness = Harness::still().await;
    let document = document(&harness).await;
    let paths = document["paths"].as_object().expect("paths");
    for path in OF_THE_BINARY.iter().chain(&["/commands", "/problems", "/problems/{code}", "/docs", "/openapi.json"]) {
        assert!(paths.contains_key(*path), "{path} is not described");
    }
    for (path, operations) in paths.iter().filter(|(path, _)| !OF_THE_BINARY.contains(&path.as_str())) {
        for method in operations.as_object().expect("operations").keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let answer = ask(&harness, method, &path.replace("{code}", "malformed")).await;
            let open = operations["get"]["security"].as_array().is_some_and(Vec::is_empty);
            let expected: &[u16] = if open { &[200, 303] } else { &[401] };
            assert!(expected.contains(&answer.status.as_u16()), "{path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn every_command_is_described() {
    let harness = Harness::still().await;
    let document = document(&harness).await;
    let described: BTreeSet<&str> = document["paths"]
        .as_object()
        .expect("paths")
        .keys()
        .filter_map(|path| path.strip_prefix("/commands/"))
        .collect();
    let listed = ask(&harness, Method::GET, "/commands").await.json();
    let listed = listed["items"].as_array().or_else(|| listed["commands"].as_array()).expect("commands");
    let listed: BTreeSet<&str> = listed.iter().map(|command| command["name"].as_str().expect("a name")).collect();
    assert!(listed.len() >= 15, "{listed:?}");
    assert_eq!(described, listed);
}

#[tokio::test]
async fn every_problem_that_is_described_is_explained() {
    let harness = Harness::still().await;
    let document = document(&harness).await;
    let operations = document["paths"].as_object().expect("paths").values().flat_map(|path| path.as_object()).flatten();
    let responses = operations.flat_map(|(_, operation)| operation["responses"].as_object()).flatten();
    let responses = responses.chain(document["components"]["responses"].as_object().expect("responses"));
    let words: Vec<&str> = responses.filter_map(|(_, response)| response["description"].as_str()).collect();
    let coded = words.iter().flat_map(|words| words.split("\n\n")).filter_map(|words| words.strip_prefix('`'));
    let codes: BTreeSet<&str> = coded.filter_map(|words| words.split_once("`: ")).map(|(code, _)| code).collect();
    assert!(codes.len() > 30 && codes.contains("range-too-long") && codes.contains("view-behind"), "{codes:?}");
    for code in codes.iter().filter(|code| !BEFORE_A_ROUTE.contains(code)) {
        let answer = ask(&harness, Method::GET, &format!("/problems/{code}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{code}");
        assert!(answer.json()["advice"].as_str().is_some_and(|advice| !advice.is_empty()), "{code}");
    }
}
