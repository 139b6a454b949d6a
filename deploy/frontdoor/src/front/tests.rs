//! What stands before a route, tested without a socket.

use axum::{
    body::{Body, to_bytes},
    extract::Path,
    routing::{get, post},
};
use tower::ServiceExt;

use super::*;

fn routes() -> Router {
    Router::new()
        .route("/", get(|| async { "here" }))
        .route("/size", post(|body: axum::body::Bytes| async move { body.len().to_string() }))
        .route("/panic", get(panics))
        .route("/slow", get(std::future::pending::<&'static str>))
        .route("/people/{id}", get(|Path(id): Path<String>| async move { id }))
}

async fn panics() -> &'static str {
    panic!("a bug")
}

async fn ask(limits: Limits, request: Request) -> Response {
    before(routes(), limits).oneshot(request).await.expect("infallible")
}

fn get_request(path: &str) -> Request {
    Request::get(path).body(Body::empty()).expect("a request")
}

async fn problem_of(response: Response) -> serde_json::Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM);
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
    let of = |size: usize| Request::post("/size").body(Body::from(vec![b'a'; size])).expect("a request");
    assert_eq!(ask(Limits::default(), of(BODY_BYTES_MAX)).await.status(), StatusCode::OK);
    let response = ask(Limits::default(), of(BODY_BYTES_MAX + 1)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem_of(response).await["type"], "/problems/too-large");
}

#[tokio::test]
async fn a_body_that_does_not_tell_its_size_is_cut_at_one_mebibyte() {
    let pieces = futures::stream::iter((0..1_100).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 1_024])));
    let request = Request::post("/size").body(Body::from_stream(pieces)).expect("a request");
    let response = ask(Limits::default(), request).await;
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
    let front = before(routes(), Limits { requests_max: 1, ..Limits::default() });
    let mut first = std::pin::pin!(front.clone().oneshot(get_request("/slow")));
    assert!(futures::poll!(first.as_mut()).is_pending());
    let response = front.clone().oneshot(get_request("/")).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    assert_eq!(problem_of(response).await["type"], "/problems/overloaded");
}

#[tokio::test]
async fn every_answer_carries_its_request_id() {
    let response = ask(Limits::default(), get_request("/nowhere")).await;
    assert!(response.headers().contains_key(trace::REQUEST_ID));
}
