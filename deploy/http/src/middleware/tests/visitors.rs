//! Callers of pages: a cookie identifies them if they send no token.

use async_trait::async_trait;
use axum::{Extension, http::HeaderMap};
use event_core::{Caller, Timestamp};

use super::*;
use crate::problem_catalogue::VIEW_UNAVAILABLE;

/// The cookie `sign-in=NAME` signs in; `sign-in=unreadable` is that of a database that does not answer.
struct TestSignIns;

#[async_trait]
impl SignedInCallers for TestSignIns {
    async fn find(&self, headers: &HeaderMap) -> Result<Option<SignedIn>, Problem> {
        let cookie = headers[header::COOKIE].to_str().unwrap_or_default();
        match cookie.strip_prefix("sign-in=") {
            Some("unreadable") => Err(Problem::of(&VIEW_UNAVAILABLE)),
            Some(name) => Ok(Some(SignedIn {
                caller: Caller {
                    issuer: "urn:test".parse().expect("an issuer"),
                    id: name.into(),
                    role: "member".into(),
                    permissions: Vec::new(),
                    organisation: None,
                    level: None,
                },
                name: name.into(),
                form_token: "".into(),
                ends_at: Timestamp::EPOCH,
            })),
            None => Ok(None),
        }
    }
}

async fn visitor(caller: Option<Extension<PageCaller>>) -> String {
    match caller {
        None => "no page".to_owned(),
        Some(Extension(PageCaller(Ok(None)))) => "not signed in".to_owned(),
        Some(Extension(PageCaller(Ok(Some(signed_in))))) => signed_in.name.into(),
        Some(Extension(PageCaller(Err(problem)))) => problem.code().to_owned(),
    }
}

fn edge(limits: Limits) -> Router {
    let tokens = Tokens::new(AUDIENCE, vec![ISSUED.0.clone()], |_| true).expect("the keys fit");
    let pages = PageEdge { layout: error_page::plain, sign_ins: Arc::new(TestSignIns) };
    public_with_pages(routes().route("/visitor", get(visitor)), limits, tokens, pages)
}

fn with_cookie(mut request: Request, cookie: &'static str) -> Request {
    request.headers_mut().insert(header::COOKIE, HeaderValue::from_static(cookie));
    request
}

fn at(path: &str) -> Request {
    Request::get(path).body(Body::empty()).expect("a request")
}

async fn answered(request: Request) -> String {
    let response = edge(Limits::default()).oneshot(request).await.expect("infallible");
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    String::from_utf8_lossy(&body).into_owned()
}

#[tokio::test]
async fn a_cookie_identifies_a_visitor_where_there_is_no_token() {
    assert_eq!(answered(at("/visitor")).await, "not signed in");
    assert_eq!(answered(with_cookie(at("/visitor"), "other=1")).await, "not signed in");
    assert_eq!(answered(with_cookie(at("/visitor"), "sign-in=ada")).await, "ada");
    assert_eq!(answered(with_cookie(at("/visitor"), "sign-in=unreadable")).await, "view-unavailable");
    let mut with_token = with_cookie(at("/visitor"), "sign-in=ada");
    let token = HeaderValue::try_from(format!("Bearer {}", ISSUED.1[0])).expect("a header");
    with_token.headers_mut().insert(header::AUTHORIZATION, token);
    assert_eq!(answered(with_token).await, "no page");
    let mut with_wrong_token = with_cookie(at("/visitor"), "sign-in=ada");
    with_wrong_token.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer wrong"));
    assert_eq!(answered(with_wrong_token).await, "no page", "a token that is not valid is not made up for by a cookie");
}

#[tokio::test]
async fn the_body_of_a_form_is_read_for_a_visitor_only() {
    let form = || Request::post("/size").body(Body::from(vec![b'a'; 10])).expect("a request");
    assert_eq!(answered(with_cookie(form(), "sign-in=ada")).await, "10");
    assert_eq!(answered(form()).await, "0");
    assert_eq!(answered(with_cookie(form(), "sign-in=unreadable")).await, "0");
}

#[tokio::test]
async fn a_visitor_has_a_share_of_the_requests() {
    let edge = edge(Limits { requests_of_a_caller_max: 1, ..Limits::default() });
    let mut first = std::pin::pin!(edge.clone().oneshot(with_cookie(at("/slow"), "sign-in=ada")));
    assert!(futures::poll!(first.as_mut()).is_pending());
    for (cookie, status) in [("sign-in=ada", StatusCode::TOO_MANY_REQUESTS), ("sign-in=bob", StatusCode::OK)] {
        let response = edge.clone().oneshot(with_cookie(at("/visitor"), cookie)).await.expect("infallible");
        assert_eq!(response.status(), status, "{cookie}");
    }
}
