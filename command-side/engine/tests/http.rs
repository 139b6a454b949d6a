//! Every answer that a command can have over HTTP.

mod common;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, header},
};
use command_engine::http::router;
use common::{Harness, harness, meddle_with, new_key};
use http_edge::{
    Tokens,
    testing::{self as signer, AUDIENCE, Signer},
};
use serde_json::{Value, json};
use tower::ServiceExt;

struct Site {
    harness: Harness,
    routes: Router,
    token: String,
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }
}

async fn site() -> Site {
    let (harness, signer) = (harness().await, Signer::new("key-1"));
    let tokens = Tokens::new(AUDIENCE, vec![signer.trusted()], vocabulary::access::is_known).expect("a key set");
    let routes = router(harness.engine.clone(), tokens)
        .merge(http_edge::problem_routes(harness.engine.catalogue().rejections()));
    Site { harness, routes, token: signer.sign(&signer::claims()) }
}

impl Site {
    fn post(&self, name: &str) -> axum::http::request::Builder {
        Request::post(format!("/commands/{name}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
    }

    async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.routes.clone().oneshot(request).await.expect("answered");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.expect("a body");
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn give(&self, name: &str, key: &str, body: impl Into<Body>) -> Reply {
        self.send(self.post(name).header("Idempotency-Key", key).body(body.into()).expect("a request")).await
    }

    async fn take(&self, desk: &str, most: u32) -> Reply {
        self.give("take-number", &new_key(), json!({"desk": desk, "most": most}).to_string()).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    /// Asserts that the answer is a problem of this status and code, and that its page explains it.
    async fn problem(&self, reply: &Reply, status: u16, code: &str) {
        assert_eq!((reply.status, &reply.body["code"]), (status, &json!(code)), "{}", reply.body);
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        assert_eq!(reply.body["status"], json!(status));
        assert!(reply.body["title"].is_string());
        let page = self.get(reply.body["type"].as_str().expect("an address")).await;
        assert_eq!((page.status, &page.body["status"]), (200, &json!(status)), "{code} is explained");
        assert!(page.body["advice"].is_string());
    }
}

#[tokio::test]
async fn what_is_granted_is_answered_with_its_events_and_position() {
    let site = site().await;
    let key = new_key();
    let body = json!({"desk": "open", "most": 9}).to_string();
    let first = site.give("take-number", &key, body.clone()).await;
    assert_eq!((first.status, &first.body["position"]), (200, &json!("care:1")));
    let event = &first.body["events"][0];
    assert_eq!(
        (&event["kind"], &event["stream"], &event["revision"], &event["position"]),
        (&json!("desk.number-given.v1"), &json!("desk-open"), &json!(1), &json!(1))
    );
    assert_eq!((first.header("idempotency-replayed"), first.header("cache-control")), (None, Some("no-store")));
    let again = site.give("take-number", &key, body).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn a_rule_that_says_no_is_a_problem_with_the_facts_of_the_case() {
    let site = site().await;
    site.take("full", 1).await;
    let reply = site.take("full", 1).await;
    site.problem(&reply, 409, "none-left").await;
    assert_eq!(reply.body["given"], json!(1));
}

#[tokio::test]
async fn who_has_no_valid_token_is_asked_for_one() {
    let site = site().await;
    let bare = || Request::post("/commands/take-number").header(header::CONTENT_TYPE, "application/json");
    let bearer = format!("Bearer {}", site.token);
    let requests = [
        bare(),
        bare().header(header::AUTHORIZATION, "Bearer forged.token.here"),
        bare().header(header::AUTHORIZATION, "Basic dXNlcjpwYXNz"),
        bare().header(header::AUTHORIZATION, &site.token),
        bare().header(header::AUTHORIZATION, &bearer).header(header::AUTHORIZATION, &bearer),
    ];
    for request in requests {
        let request = request.header("Idempotency-Key", new_key()).body(Body::from("{}")).expect("a request");
        let reply = site.send(request).await;
        site.problem(&reply, 401, "unauthenticated").await;
        assert!(reply.header("www-authenticate").is_some_and(|asks| asks.starts_with("Bearer")));
    }
}

#[tokio::test]
async fn not_yours_and_unknown_are_one_answer() {
    let site = site().await;
    let body = json!({"patient": common::new_subject()}).to_string();
    let reply = site.give("look-after", &new_key(), body).await;
    site.problem(&reply, 403, "not-yours").await;
    let own = json!({"patient": "8f14e45f-ceea-467f-a9b5-0123456789ab"}).to_string();
    assert_eq!(site.give("look-after", &new_key(), own).await.status, 200);
}

#[tokio::test]
async fn a_fault_in_a_body_is_answered_with_its_place() {
    let site = site().await;
    let table = [
        (r#"{"desk": "a", "most": "many"}"#, "/most"),
        (r#"{"desk": "a", "most": 1, "colour": "red"}"#, "/colour"),
        (r#"{"desk": "a", "most": 1, "reason": "\u0000"}"#, "/reason"),
        (r#"{"desk": "a"}"#, ""),
        (r#"{"desk": "a", "most": 1"#, ""),
        (r#"{"desk": "a", "most": 1} {}"#, ""),
        ("", ""),
        ("[]", ""),
    ];
    for (body, pointer) in table {
        let reply = site.give("take-number", &new_key(), body).await;
        site.problem(&reply, 400, "malformed").await;
        assert_eq!(reply.body["errors"][0]["pointer"], json!(pointer), "{body}: {}", reply.body);
        assert!(reply.body["errors"][0]["detail"].is_string());
    }
}

#[tokio::test]
async fn a_text_that_is_too_long_is_named_with_its_limit() {
    let site = site().await;
    let body = json!({"desk": "a", "most": 1, "reason": "x".repeat(101)}).to_string();
    let reply = site.give("take-number", &new_key(), body).await;
    site.problem(&reply, 422, "text-too-long").await;
    assert_eq!(reply.body["errors"][0]["pointer"], json!("/reason"));
    assert!(reply.body["errors"][0]["detail"].as_str().expect("text").starts_with("101 characters, at most 100"));
    let short = json!({"desk": "a", "most": 1, "reason": "x".repeat(100)}).to_string();
    assert_eq!(site.give("take-number", &new_key(), short).await.status, 200);
}

#[tokio::test]
async fn a_key_that_is_absent_unfit_or_used_for_something_else_is_refused() {
    let site = site().await;
    let body = || Body::from(json!({"desk": "keys", "most": 9}).to_string());
    let absent = site.send(site.post("take-number").body(body()).expect("a request")).await;
    site.problem(&absent, 400, "idempotency-key").await;
    let short = site.give("take-number", "short", body()).await;
    site.problem(&short, 400, "idempotency-key").await;
    let twice = site.post("take-number").header("Idempotency-Key", new_key()).header("Idempotency-Key", new_key());
    let twice = site.send(twice.body(body()).expect("a request")).await;
    site.problem(&twice, 400, "idempotency-key").await;
    let key = new_key();
    assert_eq!(site.give("take-number", &key, body()).await.status, 200);
    let other = site.give("take-number", &key, json!({"desk": "keys", "most": 8}).to_string()).await;
    site.problem(&other, 422, "key-reused").await;
}

#[tokio::test]
async fn a_body_of_more_than_1_mib_or_of_another_kind_is_refused() {
    let site = site().await;
    let large = site.give("take-number", &new_key(), vec![b' '; 1024 * 1024 + 1]).await;
    site.problem(&large, 413, "too-large").await;
    let text = Request::post("/commands/take-number")
        .header(header::AUTHORIZATION, format!("Bearer {}", site.token))
        .header(header::CONTENT_TYPE, "text/plain")
        .header("Idempotency-Key", new_key());
    let text = site.send(text.body(Body::from("{}")).expect("a request")).await;
    site.problem(&text, 415, "unsupported-media-type").await;
    let body = || Body::from(json!({"desk": "kinds", "most": 9}).to_string());
    let given = |name, value| site.post("take-number").header("Idempotency-Key", new_key()).header(name, value);
    for (name, value) in [(header::CONTENT_TYPE, "text/plain"), (header::CONTENT_ENCODING, "gzip")] {
        let reply = site.send(given(name, value).body(body()).expect("a request")).await;
        site.problem(&reply, 415, "unsupported-media-type").await;
    }
    let plain = given(header::CONTENT_ENCODING, "identity").body(body()).expect("a request");
    assert_eq!(site.send(plain).await.status, 200);
}

#[tokio::test]
async fn an_unknown_command_and_a_wrong_method_are_told() {
    let site = site().await;
    let unknown = site.give("make-coffee", &new_key(), "{}").await;
    site.problem(&unknown, 404, "unknown-command").await;
    let get = site.get("/commands/take-number").await;
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    assert_eq!(site.get("/problems/none-such").await.status, 404);
}

#[tokio::test]
async fn who_meets_too_many_others_or_a_closed_log_is_told_when_to_come_again() {
    let site = site().await;
    meddle_with("busy-over-http", &site.harness.log, u32::MAX);
    let contended = site.take("busy-over-http", 99).await;
    site.problem(&contended, 503, "contended").await;
    assert_eq!(contended.header("retry-after"), Some("1"));
    site.harness.log.close().await;
    let closed = site.take("calm", 99).await;
    site.problem(&closed, 503, "log-unavailable").await;
    assert_eq!(closed.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn what_is_broken_tells_nothing_of_its_cause() {
    let site = site().await;
    let reply = site.take("panic", 9).await;
    site.problem(&reply, 500, "internal").await;
    assert!(!reply.body.to_string().contains("desk"), "{}", reply.body);
}

#[tokio::test]
async fn the_end_of_the_task_that_decides_is_noticed() {
    let clock = || -> event_core::Timestamp { panic!("the clock is broken") };
    let harness = common::harness_with(command_engine::EngineOptions { clock, ..Default::default() }).await;
    assert!(futures::poll!(std::pin::pin!(harness.engine.ended())).is_pending());
    let answer = harness.take("clock", 9).await;
    assert_eq!(answer.err(), Some(command_engine::Failure::Broken));
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), harness.engine.ended());
    ended.await.expect("whoever supervises the engine learns that it decides nothing any more");
}

#[tokio::test]
async fn correlation_and_trace_are_kept_and_a_malformed_trace_is_as_none() {
    let site = site().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let given = |correlation: &str, trace: &str| {
        let request = site.post("take-number").header("Idempotency-Key", new_key());
        let request = request.header("Correlation-Id", correlation).header("traceparent", trace);
        request.body(Body::from(json!({"desk": "traced", "most": 9}).to_string())).expect("a request")
    };
    let id = "8f14e45f-ceea-467f-a9b5-0123456789ab";
    assert_eq!(site.send(given(id, trace)).await.status, 200);
    for malformed in ["00-zz-b7ad6b7169203331-01", &trace.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32))]
    {
        assert_eq!(site.send(given(id, malformed)).await.status, 200);
    }
    let events = site.harness.events(&common::desk_stream("traced")).await;
    assert!(events.iter().all(|event| event.correlation.to_string() == id));
    assert_eq!(events.iter().map(|event| event.trace.as_deref()).collect::<Vec<_>>(), [Some(trace), None, None]);
    let reply = site.send(given("not-a-uuid", trace)).await;
    site.problem(&reply, 400, "malformed-header").await;
}

#[tokio::test]
async fn commands_and_problems_are_listed_for_everybody() {
    let site = site().await;
    let commands = site.get("/commands").await;
    let take = &commands.body["items"][1];
    assert_eq!((&take["name"], &take["rejections"][0]["code"]), (&json!("take-number"), &json!("none-left")));
    assert_eq!(take["summary"], json!("Take the next number of a desk."));
    assert_eq!(
        (&take["schema"]["required"], &take["who"]["anyAuthenticated"]),
        (&json!(["desk", "most"]), &json!(true))
    );
    let problems = site.get("/problems").await;
    let codes: Vec<_> = problems.body["items"].as_array().expect("a list").iter().map(|item| &item["code"]).collect();
    assert!(codes.contains(&&json!("none-left")) && codes.contains(&&json!("key-reused")));
}

#[tokio::test]
async fn every_command_of_the_house_has_a_schema_and_a_summary_and_its_rejections_are_explained() {
    let harness = harness().await;
    let options = command_engine::EngineOptions::default();
    let engine = command_engine::Engine::start(
        harness.log.clone(),
        command_engine::Catalogue::of(domain::every_command),
        options,
    );
    assert!(engine.catalogue().descriptions().count() >= 15);
    let signer = Signer::new("key-1");
    let tokens = Tokens::new(AUDIENCE, vec![signer.trusted()], vocabulary::access::is_known).expect("a key set");
    let site = Site {
        routes: router(engine.clone(), tokens).merge(http_edge::problem_routes(engine.catalogue().rejections())),
        token: String::new(),
        harness,
    };
    for entry in engine.catalogue().descriptions() {
        assert!(!entry.summary().is_empty(), "{}", entry.name);
        assert_eq!(entry.schema["additionalProperties"], json!(false), "{} is read strictly", entry.name);
        for rejection in entry.rejections {
            let page = site.get(&format!("/problems/{}", rejection.code)).await;
            assert_eq!((page.status, &page.body["title"]), (200, &json!(rejection.title)), "{}", entry.name);
        }
    }
}
