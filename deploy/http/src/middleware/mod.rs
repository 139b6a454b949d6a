//! The middleware of every public route: limits, request id and trace context, metrics, and a problem (RFC 9457) as the
//! answer to every error. It does not know the routes, and uses a token only to identify the caller. Layers of
//! tower-http are used if they do the same; `docs/decisions/tower-http-layers.md` has a row for each.

mod body;
mod errors;
mod share_holder;

use std::{
    any::Any,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderValue, Method, StatusCode, Version, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use body::Unread;
use errors::ErrorForm;
use share_holder::ShareHolder;
use tokio::{sync::Semaphore, time::Instant};
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, request_id::PropagateRequestIdLayer, trace::TraceLayer};
use tracing::Span;

use crate::{
    Authenticated, ErrorLayout, Problem, SignedIn, SignedInCallers, Tokens, error_page,
    listener::Peer,
    problem_catalogue::{
        INTERNAL, MALFORMED, OVERLOADED, ProblemType, REQUEST_TIMEOUT, TIMED_OUT, TOO_LARGE, TOO_MANY_REQUESTS,
    },
    shares::{Full, Shares},
    trace,
};

/// The size of the bodies that may be in memory at the same time, for one caller and for all.
const BODIES_BYTES_OF_A_CALLER_MAX: usize = 32 * 1024 * 1024;
const BODIES_BYTES_MAX: usize = 256 * 1024 * 1024;
/// The number of seconds after which a rejected caller may try again.
const RETRY_AFTER_SECONDS: u32 = 1;

/// The limits of accepted requests.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The number of concurrent requests. Requests with an incomplete body do not count.
    pub requests_max: usize,
    /// The number of concurrent requests of one caller, including requests with an incomplete body.
    pub requests_of_a_caller_max: usize,
    /// The time limit for an answer.
    pub request_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { requests_max: 2_048, requests_of_a_caller_max: 256, request_time_max: Duration::from_secs(15) }
    }
}

struct Middleware {
    tokens: Tokens,
    places: Semaphore,
    /// The requests of each caller. The total is limited by the number of connections.
    callers: Arc<Shares<ShareHolder>>,
    /// The size of the bodies of each caller.
    bodies: Arc<Shares<ShareHolder>>,
    request_time_max: Duration,
    pages: Option<PageEdge>,
}

impl Middleware {
    fn layout(&self) -> ErrorLayout {
        self.pages.as_ref().map_or(error_page::plain, |pages| pages.layout)
    }
}

/// The edge of an installation with pages of its own.
#[derive(Clone)]
pub struct PageEdge {
    /// The layout of error pages.
    pub layout: ErrorLayout,
    /// Identifies the callers of pages, by their cookie.
    pub sign_ins: Arc<dyn SignedInCallers>,
}

/// The caller of a page: an extension of each request without a token, in an installation with pages.
#[derive(Clone)]
pub struct PageCaller(pub Result<Option<SignedIn>, Problem>);

/// Adds the middleware of public routes to these routes. Errors are pages in the plain layout for clients that prefer
/// HTML.
pub fn public(routes: Router, limits: Limits, tokens: Tokens) -> Router {
    with_edge(routes, limits, tokens, None)
}

/// Like `public`, with pages.
pub fn public_with_pages(routes: Router, limits: Limits, tokens: Tokens, pages: PageEdge) -> Router {
    with_edge(routes, limits, tokens, Some(pages))
}

fn with_edge(routes: Router, limits: Limits, tokens: Tokens, pages: Option<PageEdge>) -> Router {
    let state = Arc::new(Middleware {
        tokens,
        places: Semaphore::new(limits.requests_max),
        callers: Shares::new(limits.requests_of_a_caller_max, usize::MAX),
        bodies: Shares::new(BODIES_BYTES_OF_A_CALLER_MAX, BODIES_BYTES_MAX),
        request_time_max: limits.request_time_max,
        pages,
    });
    let log_lines = TraceLayer::new_for_http()
        .make_span_with(span_of)
        .on_request(())
        .on_response(log_answer)
        .on_body_chunk(())
        .on_eos(())
        .on_failure(());
    routes
        // axum's own fallback is not used, because it is lost when routers are merged.
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::disable())
        .layer(
            // In the order in which a request passes through them.
            ServiceBuilder::new()
                .map_request(identified)
                .layer(log_lines)
                .layer(PropagateRequestIdLayer::x_request_id())
                .layer(middleware::from_fn_with_state(state, apply))
                .layer(CatchPanicLayer::custom(panicked)),
        )
}

/// Adds problems as the answers to errors to these routes, without limits: for health, and for operators.
pub fn with_problems(routes: Router) -> Router {
    routes.layer(middleware::from_fn(async |request: Request, next: Next| {
        let form = ErrorForm::new(request.headers(), error_page::plain);
        form.applied_to(next.run(request).await)
    }))
}

/// Rejects an HTTP/1.1 request that does not have exactly one `Host` (RFC 9112, 3.2).
pub async fn one_host(request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        let form = ErrorForm::new(request.headers(), error_page::plain);
        return form.applied_to(Problem::of(&MALFORMED).into_response());
    }
    next.run(request).await
}

fn identified(mut request: Request) -> Request {
    trace::identify(request.headers_mut());
    request
}

/// The fields that every log line of a request has.
fn span_of(request: &Request) -> Span {
    let headers = request.headers();
    tracing::info_span!(
        "request",
        method = method_of(request),
        route = route_of(request.extensions().get()),
        request_id = trace::request_id(headers),
        trace_id = trace::trace_id(headers)
    )
}

fn log_answer(response: &Response, took: Duration, _: &Span) {
    let (status, took_ms) = (response.status(), took.as_secs_f64() * 1e3);
    if status.is_server_error() {
        tracing::warn!(status = status.as_u16(), took_ms, "a request failed");
    } else {
        tracing::debug!(status = status.as_u16(), took_ms, "answered a request");
    }
}

/// The text of a panic may quote data, so it is not repeated here; the panic hook has printed its location.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request panicked");
    Problem::of(&INTERNAL).into_response()
}

async fn apply(State(middleware): State<Arc<Middleware>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = method_of(&request);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let headers = request.headers();
    let form = ErrorForm::new(headers, middleware.layout()).with_request_id(headers.get(trace::REQUEST_ID));
    let response = form.applied_to(answer(&middleware, request, next).await);
    let route: Arc<str> = route_of(route.as_ref()).into();
    let status = response.status().as_str().to_owned();
    metrics::counter!("http_requests_total", "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("http_request_seconds", "route" => route).record(began.elapsed());
    response
}

async fn answer(limits: &Middleware, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let who = who(limits, &mut parts).await;
    let Ok(_share) = limits.callers.take(who.clone(), 1) else { return retry_later(&TOO_MANY_REQUESTS) };
    // Only a command with a valid token has a relevant body. The bodies of other requests are not read.
    let wanted = parts.method == Method::POST && matches!(who, ShareHolder::Caller(..));
    let body = if wanted { body } else { Body::empty() };
    let Ok(mut memory) = limits.bodies.take(who, 0) else { return retry_later(&OVERLOADED) };
    let body = match body::read(body, &mut memory).await {
        Ok(body) => Body::from(body),
        Err(unread) => return refused_body(&unread),
    };
    let Ok(_place) = limits.places.try_acquire() else { return retry_later(&OVERLOADED) };
    // If the time limit is reached, the engine still completes the command. The client can ask again with the same key.
    match tokio::time::timeout(limits.request_time_max, next.run(Request::from_parts(parts, body))).await {
        Ok(response) => response,
        Err(_) => retry_later(&TIMED_OUT),
    }
}

/// The caller of the request. A cookie counts only without a token; routes of commands and queries ignore it, so
/// that a page of another site cannot give commands.
async fn who(limits: &Middleware, request: &mut Parts) -> ShareHolder {
    if let Ok(Authenticated(caller)) = Authenticated::by(&request.headers, &limits.tokens).await {
        return ShareHolder::Caller(caller.issuer, caller.id);
    }
    if let Some(pages) = limits.pages.as_ref().filter(|_| !request.headers.contains_key(header::AUTHORIZATION)) {
        let found = match request.headers.contains_key(header::COOKIE) {
            true => pages.sign_ins.find(&request.headers).await,
            false => Ok(None),
        };
        let holder = found
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map(|signed_in| ShareHolder::Caller(signed_in.caller.issuer.clone(), signed_in.caller.id.clone()));
        request.extensions.insert(PageCaller(found));
        if let Some(holder) = holder {
            return holder;
        }
    }
    let address = request.extensions.get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |Peer(address)| *address);
    ShareHolder::Address(match address {
        // A subscriber has 2^64 IPv6 addresses, which count as one.
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    })
}

fn refused_body(unread: &Unread) -> Response {
    match unread {
        Unread::TooLarge => Problem::of(&TOO_LARGE).into_response(),
        Unread::Broken => Problem::of(&MALFORMED).into_response(),
        Unread::NoRoom(Full::Each) => retry_later(&TOO_MANY_REQUESTS),
        Unread::NoRoom(Full::All) => retry_later(&OVERLOADED),
        Unread::TooSlow => {
            let mut response = Problem::of(&REQUEST_TIMEOUT).into_response();
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

/// A problem with `Retry-After`: a limit of places or of time was reached.
fn retry_later(kind: &ProblemType) -> Response {
    Problem::of(kind).retry_after(RETRY_AFTER_SECONDS).into_response()
}

/// A label with few values, because a method may be any text.
fn method_of(request: &Request) -> &'static str {
    match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The template of a path, never the path itself, which may identify a person.
fn route_of(route: Option<&MatchedPath>) -> &str {
    route.map_or("(none)", MatchedPath::as_str)
}

#[cfg(test)]
mod tests;
