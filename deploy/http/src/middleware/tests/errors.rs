//! The form of errors, depending on the client's preference.

use axum::{http::HeaderMap, response::AppendHeaders};

use super::*;
use crate::ErrorPage;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const HTML: &str = "text/html; charset=utf-8";
const FORM: &str = "<form><p>The date is wrong.</p></form>";

fn problems() -> Router {
    Router::new()
        .route("/script", get(async || Problem::of(&MALFORMED).detail("<script>alert(1)</script>")))
        .route("/with-length", get(own_length))
        .route("/form", get(own_form))
        .route("/headers", get(own_headers))
}

/// As a layer that compresses leaves it.
async fn own_length() -> Response {
    ([(header::CONTENT_LENGTH, "99"), (header::CONTENT_ENCODING, "gzip")], Problem::of(&MALFORMED)).into_response()
}

async fn own_form() -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, [(header::CONTENT_TYPE, "text/html")], FORM).into_response()
}

async fn own_headers() -> Response {
    let headers = AppendHeaders([
        (header::SET_COOKIE, "a=1"),
        (header::SET_COOKIE, "b=2"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::VARY, "Cookie"),
        (header::CONTENT_LENGTH, "2"),
    ]);
    (StatusCode::FORBIDDEN, headers, "no").into_response()
}

fn tokens() -> Tokens {
    Tokens::new(AUDIENCE, vec![ISSUED.0.clone()], |_| true).expect("the keys fit")
}

/// These routes and those of the other tests.
fn edge(limits: Limits) -> Router {
    public(routes().merge(problems()), limits, tokens())
}

/// A browser's request.
fn browser(mut request: Request) -> Request {
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(BROWSER));
    request
}

async fn answer_to(request: Request) -> Response {
    edge(Limits::default()).oneshot(request).await.expect("infallible")
}

async fn text_of(response: Response) -> String {
    let body = to_bytes(response.into_body(), BODY_BYTES_MAX).await.expect("a body");
    String::from_utf8(body.to_vec()).expect("text")
}

/// The text of a page with this heading, which varies by `Accept`.
async fn page_of(response: Response, heading: &str) -> String {
    assert_eq!(response.headers()[header::CONTENT_TYPE], HTML);
    assert_eq!(response.headers()[header::VARY], "Accept");
    let page = text_of(response).await;
    assert!(page.contains(&format!("<h1>{heading}</h1>")), "{page}");
    page
}

#[tokio::test]
async fn an_error_is_a_page_for_a_browser_and_a_document_for_all_others() {
    for (accept, kind) in [
        (Some(BROWSER), HTML),
        (Some("text/html"), HTML),
        (Some("application/json;q=0.5, text/html"), HTML),
        (Some("application/json, text/html;q=0.5"), PROBLEM_JSON),
        (Some("application/problem+json"), PROBLEM_JSON),
        (Some("*/*"), PROBLEM_JSON),
        (Some("html"), PROBLEM_JSON),
        (None, PROBLEM_JSON),
    ] {
        // The web framework's own error, and a problem from a route.
        for path in ["/nowhere", "/script"] {
            let mut request = get_request(path);
            if let Some(accept) = accept {
                request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(accept));
            }
            let response = answer_to(request).await;
            assert_eq!(response.headers()[header::CONTENT_TYPE], kind, "{path} {accept:?}");
            assert_eq!(response.headers()[header::VARY], "Accept", "{path} {accept:?}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store", "{path} {accept:?}");
        }
    }
}

#[tokio::test]
async fn a_page_says_in_english_what_happened_what_to_do_and_which_request_it_was() {
    let response = answer_to(browser(get_request("/nowhere"))).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("script-src"), "{policy}");
    let id = response.headers()[trace::REQUEST_ID].to_str().expect("text").to_owned();
    let page = page_of(response, "Sorry, this page is not here").await;
    for part in [
        "<html lang=\"en\">",
        "<main>",
        "<title>Sorry, this page is not here</title>",
        "<p>Not found</p>",
        "<p>See /docs.</p>",
        &format!("<code>{id}</code>"),
    ] {
        assert!(page.contains(part), "{part} is missing: {page}");
    }
    for part in ["<script", "src=", "href=", "style"] {
        assert!(!page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn what_a_problem_quotes_is_escaped_in_the_page() {
    let response = answer_to(browser(get_request("/script"))).await;
    let page = page_of(response, "Sorry, we could not read this request").await;
    assert!(page.contains("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"), "{page}");
}

#[tokio::test]
async fn a_form_with_its_faults_passes_as_the_route_made_it() {
    for request in [get_request("/form"), browser(get_request("/form"))] {
        let response = answer_to(request).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html");
        assert!(!response.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        assert_eq!(text_of(response).await, FORM);
    }
}

#[tokio::test]
async fn the_headers_that_a_route_gave_its_error_stay() {
    for (request, kind) in [(get_request("/headers"), PROBLEM_JSON), (browser(get_request("/headers")), HTML)] {
        let response = answer_to(request).await;
        let all = |name| response.headers().get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(all(header::SET_COOKIE), ["a=1", "b=2"]);
        assert_eq!(all(header::CONTENT_SECURITY_POLICY), ["default-src 'none'"]);
        assert_eq!(all(header::VARY), ["Cookie", "Accept"]);
        assert_eq!(all(header::CONTENT_TYPE), [kind]);
        has_its_length(response).await;
    }
}

async fn has_its_length(response: Response) {
    let length = response.headers()[header::CONTENT_LENGTH].clone();
    assert_eq!(length, text_of(response).await.len().to_string());
}

#[tokio::test]
async fn the_page_in_place_of_a_document_whose_length_is_set_has_its_own_length() {
    let response = answer_to(browser(get_request("/with-length"))).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], HTML);
    assert!(!response.headers().contains_key(header::CONTENT_ENCODING), "the page is not compressed");
    has_its_length(response).await;
}

#[tokio::test]
async fn head_has_the_headers_of_the_page_and_no_body() {
    for path in ["/nowhere", "/script"] {
        let got = answer_to(browser(get_request(path))).await;
        let length = got.headers()[header::CONTENT_LENGTH].clone();
        assert_eq!(length, text_of(got).await.len().to_string());
        let head = browser(Request::head(path).body(Body::empty()).expect("a request"));
        let response = answer_to(head).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], HTML);
        assert_eq!(response.headers()[header::CONTENT_LENGTH], length);
        assert_eq!(text_of(response).await, "");
    }
}

#[tokio::test]
async fn a_page_keeps_status_and_headers_of_errors_of_routes_and_bodies() {
    let wrong_method = browser(Request::delete("/").body(Body::empty()).expect("a request"));
    let response = answer_to(wrong_method).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()[header::ALLOW], "GET,HEAD");
    page_of(response, "Sorry, we could not read this request").await;

    let response = answer_to(browser(post_by(0, vec![b'a'; BODY_BYTES_MAX + 1]))).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    page_of(response, "Sorry, that is too large to send").await;

    let response = answer_to(browser(get_request("/panic"))).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let page = page_of(response, "Sorry, something went wrong").await;
    assert!(!page.contains("a bug"), "{page}");
}

#[tokio::test]
async fn a_page_keeps_status_and_headers_of_errors_by_limits() {
    let front = edge(Limits { requests_max: 1, ..Limits::default() });
    let mut first = std::pin::pin!(front.clone().oneshot(get_request("/slow")));
    assert!(futures::poll!(first.as_mut()).is_pending());
    let overloaded = front.oneshot(browser(get_request("/"))).await.expect("infallible");
    let hurried = edge(Limits { request_time_max: Duration::from_millis(1), ..Limits::default() });
    let timed_out = hurried.oneshot(browser(get_request("/slow"))).await.expect("infallible");
    for response in [overloaded, timed_out] {
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        page_of(response, "Sorry, the service is not available at the moment").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_about_a_slow_body_ends_the_connection() {
    let response = answer_to(browser(post_by(0, silent_body()))).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(response.headers()[header::CONNECTION], "close");
    page_of(response, "Sorry, your request came too slowly").await;
}

/// An installation whose visitors are not signed in.
struct NoSignIns;

#[async_trait::async_trait]
impl SignedInCallers for NoSignIns {
    async fn find(&self, _: &HeaderMap) -> Result<Option<SignedIn>, Problem> {
        Ok(None)
    }
}

#[tokio::test]
async fn another_layout_writes_the_page() {
    let layout = |page: &ErrorPage<'_>| format!("{} / {} / {}", page.status.as_u16(), page.heading, page.title);
    let pages = PageEdge { layout, sign_ins: Arc::new(NoSignIns) };
    let front = public_with_pages(routes(), Limits::default(), tokens(), pages);
    let response = front.oneshot(browser(get_request("/nowhere"))).await.expect("infallible");
    assert_eq!(response.headers()[header::CONTENT_TYPE], HTML);
    assert_eq!(text_of(response).await, "404 / Sorry, this page is not here / Not found");
}

#[tokio::test]
async fn routes_without_limits_have_the_same_forms_even_when_they_are_merged() {
    let front = with_problems(with_problems(problems()));
    let document = front.clone().oneshot(get_request("/script")).await.expect("infallible");
    assert_eq!(document.headers().get_all(header::VARY).iter().collect::<Vec<_>>(), ["Accept"]);
    assert_eq!(problem_of(document).await["type"], "/problems/malformed");
    let page = front.oneshot(browser(get_request("/script"))).await.expect("infallible");
    assert_eq!(page.headers().get_all(header::VARY).iter().collect::<Vec<_>>(), ["Accept"]);
    let page = page_of(page, "Sorry, we could not read this request").await;
    assert!(!page.contains("reference"), "{page}");
}

#[tokio::test]
async fn a_request_without_a_host_gets_its_error_in_the_same_forms() {
    let front = routes().layer(middleware::from_fn(one_host));
    let document = front.clone().oneshot(get_request("/")).await.expect("infallible");
    assert_eq!(document.status(), StatusCode::BAD_REQUEST);
    assert_eq!(problem_of(document).await["type"], "/problems/malformed");
    let page = front.oneshot(browser(get_request("/"))).await.expect("infallible");
    page_of(page, "Sorry, we could not read this request").await;
}
