//! The middleware, tested without a socket.

mod errors;
mod log_lines;
mod visitors;

use std::sync::LazyLock;

use axum::{
    body::to_bytes,
    extract::Path,
    http::HeaderMap,
    routing::{get, post},
};
use body::{BODY_BYTES_MAX, BODY_TIME_MAX};
use tower::ServiceExt;

use super::*;
use crate::{
    TrustedIssuer,
    problem::PROBLEM_JSON,
    testing::{AUDIENCE, Signer, claims},
};

/// The issuer, and a valid token of each of two callers.
static ISSUED: LazyLock<(TrustedIssuer, [String; 2])> = LazyLock::new(|| {
    let signer = Signer::new("key-1");
    let claims = |subject: &str| {
        let mut claims = claims();
        claims["sub"] = subject.into();
        claims
    };
    (signer.trusted(), ["desk-1", "desk-2"].map(|subject| signer.sign(&claims(subject))))
});

fn routes() -> Router {
    Router::new()
        .route("/", get(|| async { "here" }))
        .route("/size", post(|body: axum::body::Bytes| async move { body.len().to_string() }))
        .route("/panic", get(panics))
        .route("/slow", get(std::future::pending::<&'static str>))
        .route("/request-id", get(|headers: HeaderMap| async move { trace::request_id(&headers).to_owned() }))
        .route("/people/{id}", get(|Path(id): Path<String>| async move { id }))
}

async fn panics() -> &'static str {
    panic!("a bug")
}

fn behind(limits: Limits) -> Router {
    let tokens = Tokens::new(AUDIENCE, vec![ISSUED.0.clone()], |_| true).expect("the keys fit");
    public(routes(), limits, tokens)
}

async fn ask(limits: Limits, request: Request) -> Response {
    behind(limits).oneshot(request).await.expect("infallible")
}

/// A request with a body by the nth caller.
fn post_by(caller: usize, body: impl Into<Body>) -> Request {
    let token = format!("Bearer {}", ISSUED.1[caller]);
    Request::post("/size").header(header::AUTHORIZATION, token).body(body.into()).expect("a request")
}

/// A body that never delivers any data.
fn silent_body() -> Body {
    Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>())
}

fn get_request(path: &str) -> Request {
    Request::get(path).body(Body::empty()).expect("a request")
}

async fn problem_of(response: Response) -> serde_json::Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_JSON);
    let body = to_bytes(response.into_body(), BODY_BYTES_MAX).await.expect("a body");
    serde_json::from_slice(&body).expect("JSON")
}

#[tokio::test]
async fn an_unknown_route_is_a_problem() {
    let response = ask(Limits::default(), get_request("/nowhere")).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(problem_of(response).await["type"], "/problems/not-found");
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_says_which_is_allowed() {
    let request = Request::delete("/").body(Body::empty()).expect("a request");
    let response = ask(Limits::default(), request).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()[header::ALLOW], "GET,HEAD");
    assert_eq!(problem_of(response).await["type"], "/problems/method-not-allowed");
}

#[tokio::test]
async fn a_body_of_one_mebibyte_passes_and_one_byte_more_is_a_problem() {
    let of = |size: usize| post_by(0, vec![b'a'; size]);
    assert_eq!(ask(Limits::default(), of(BODY_BYTES_MAX)).await.status(), StatusCode::OK);
    let response = ask(Limits::default(), of(BODY_BYTES_MAX + 1)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem_of(response).await["type"], "/problems/too-large");
}

#[tokio::test]
async fn a_body_that_does_not_tell_its_size_is_cut_at_one_mebibyte() {
    let pieces = futures::stream::iter((0..1_100).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 1_024])));
    let response = ask(Limits::default(), post_by(0, Body::from_stream(pieces))).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem_of(response).await["type"], "/problems/too-large");
}

#[tokio::test]
async fn a_panic_is_a_problem_and_says_nothing_about_itself() {
    let response = ask(Limits::default(), get_request("/panic")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!problem_of(response).await.to_string().contains("a bug"));
}

#[tokio::test]
async fn a_request_that_takes_too_long_may_come_again() {
    let limits = Limits { request_time_max: Duration::from_millis(1), ..Limits::default() };
    let response = ask(limits, get_request("/slow")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    assert_eq!(problem_of(response).await["type"], "/problems/timed-out");
}

#[tokio::test]
async fn one_request_too_many_may_come_again() {
    let front = behind(Limits { requests_max: 1, ..Limits::default() });
    let mut first = std::pin::pin!(front.clone().oneshot(get_request("/slow")));
    assert!(futures::poll!(first.as_mut()).is_pending());
    let response = front.clone().oneshot(get_request("/")).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    assert_eq!(problem_of(response).await["type"], "/problems/overloaded");
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_takes_no_place_and_is_given_up() {
    let front = behind(Limits { requests_max: 1, ..Limits::default() });
    let began = Instant::now();
    let slow = tokio::spawn(front.clone().oneshot(post_by(0, silent_body())));
    let other = front.clone().oneshot(post_by(1, "here")).await.expect("infallible");
    assert_eq!(other.status(), StatusCode::OK);
    let response = slow.await.expect("does not panic").expect("infallible");
    assert_eq!(began.elapsed().as_secs(), BODY_TIME_MAX.as_secs());
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(response.headers()[header::CONNECTION], "close");
    assert_eq!(problem_of(response).await["type"], "/problems/request-timeout");
}

#[tokio::test]
async fn a_caller_has_no_more_than_a_share_of_the_places() {
    let front = behind(Limits { requests_of_a_caller_max: 1, ..Limits::default() });
    let mut first = std::pin::pin!(front.clone().oneshot(post_by(0, silent_body())));
    assert!(futures::poll!(first.as_mut()).is_pending());
    let response = front.clone().oneshot(post_by(0, "here")).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    assert_eq!(problem_of(response).await["type"], "/problems/too-many-requests");
    let other = front.clone().oneshot(post_by(1, "here")).await.expect("infallible");
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_address_without_a_token_has_no_more_than_a_share_of_the_places() {
    let front = behind(Limits { requests_of_a_caller_max: 1, ..Limits::default() });
    let from = |address: &str, path: &str| {
        let mut request = get_request(path);
        request.extensions_mut().insert(Peer(address.parse().expect("an address")));
        front.clone().oneshot(request)
    };
    let mut first = std::pin::pin!(from("2001:db8::1", "/slow"));
    assert!(futures::poll!(first.as_mut()).is_pending());
    for (address, status) in [
        // The first 64 bits identify a subscriber.
        ("2001:db8::2", StatusCode::TOO_MANY_REQUESTS),
        ("2001:db8:0:1::1", StatusCode::OK),
        ("192.0.2.1", StatusCode::OK),
    ] {
        assert_eq!(from(address, "/").await.expect("infallible").status(), status, "{address}");
    }
}

#[tokio::test]
async fn a_body_without_a_valid_token_is_not_waited_for() {
    let request = Request::post("/size").body(silent_body()).expect("a request");
    let response = ask(Limits::default(), request).await;
    assert_eq!(to_bytes(response.into_body(), BODY_BYTES_MAX).await.expect("a body"), "0");
}

#[tokio::test]
async fn every_answer_carries_its_request_id() {
    let response = ask(Limits::default(), get_request("/nowhere")).await;
    assert!(response.headers().contains_key(trace::REQUEST_ID));
}

#[tokio::test]
async fn a_callers_request_id_reaches_the_route_and_comes_back_if_it_is_valid() {
    for (sent, is_kept) in [("gateway-7", true), ("a b", false)] {
        let mut request = get_request("/request-id");
        request.headers_mut().insert(trace::REQUEST_ID, HeaderValue::from_static(sent));
        let response = ask(Limits::default(), request).await;
        let answered = response.headers()[trace::REQUEST_ID].to_str().expect("text").to_owned();
        assert_eq!(answered == sent, is_kept, "{answered}");
        assert_eq!(to_bytes(response.into_body(), BODY_BYTES_MAX).await.expect("a body"), answered);
    }
}
