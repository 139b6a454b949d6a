//! The middleware of every public route: limits, request id and trace context, counting, and the promise that whatever
//! goes wrong is answered by a problem (RFC 9457). It knows no route; of a token it asks only whose it is.

mod body;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    panic::AssertUnwindSafe,
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
use event_core::Issuer;
use futures::FutureExt;
use tokio::{sync::Semaphore, time::Instant};
use tracing::Instrument;

use crate::{
    Authenticated, Problem, Tokens,
    listener::Peer,
    problem_catalogue::{
        INTERNAL, MALFORMED, METHOD_NOT_ALLOWED, NOT_FOUND, OVERLOADED, ProblemType, REQUEST_TIMEOUT, TIMED_OUT,
        TOO_LARGE, TOO_MANY_REQUESTS, UNSUPPORTED_MEDIA_TYPE,
    },
    shares::{Full, Shares},
    trace,
};

/// Bytes of bodies that one caller can have in memory at a time, and all can.
const BODIES_BYTES_OF_A_CALLER_MAX: usize = 32 * 1024 * 1024;
const BODIES_BYTES_MAX: usize = 256 * 1024 * 1024;
/// After how many seconds a caller may come again when there was no room.
const RETRY_AFTER_SECONDS: u32 = 1;
const PROBLEM: &str = "application/problem+json";

/// How much is let in.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests at a time. Those whose body is still coming are not among them.
    pub requests_max: usize,
    /// Requests of one caller at a time, those whose body is still coming among them.
    pub requests_of_a_caller_max: usize,
    /// The time until an answer.
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
    /// Requests of each caller. All together are as many as there are connections.
    callers: Arc<Shares<Who>>,
    /// Bytes of bodies.
    bodies: Arc<Shares<Who>>,
    request_time_max: Duration,
}

/// The holder of a share of the places: the caller of a valid token, or else the address of the other side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Caller(Issuer, Box<str>),
    Address(IpAddr),
}

/// These routes, behind all that every public route has before it.
pub fn public(routes: Router, limits: Limits, tokens: Tokens) -> Router {
    let state = Arc::new(Middleware {
        tokens,
        places: Semaphore::new(limits.requests_max),
        callers: Shares::new(limits.requests_of_a_caller_max, usize::MAX),
        bodies: Shares::new(BODIES_BYTES_OF_A_CALLER_MAX, BODIES_BYTES_MAX),
        request_time_max: limits.request_time_max,
    });
    routes
        // Not axum's own fallback, which is lost when routers are merged.
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(state, apply))
}

/// These routes, with problems for whatever goes wrong, and no limits: for health, and for operators.
pub fn with_problems(routes: Router) -> Router {
    routes.layer(middleware::map_response(async |response| as_problem(response)))
}

/// Refuses a request of HTTP/1.1 that has not exactly one `Host` (RFC 9112, 3.2).
pub async fn one_host(request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return problem(StatusCode::BAD_REQUEST);
    }
    next.run(request).await
}

async fn apply(State(limits): State<Arc<Middleware>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = method_of(&request);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route_name = route.as_ref().map_or("(none)", MatchedPath::as_str);
    let identity = trace::identify(request.headers_mut());
    let span = tracing::info_span!(
        "request",
        method,
        route = route_name,
        request_id = identity.request_id.as_str(),
        trace_id = identity.trace_id()
    );
    let mut response = answer(&limits, request, next).instrument(span.clone()).await;
    let status = response.status();
    let took = began.elapsed();
    span.in_scope(|| {
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), took_ms = took.as_secs_f64() * 1e3, "a request failed");
        } else {
            tracing::debug!(status = status.as_u16(), took_ms = took.as_secs_f64() * 1e3, "answered a request");
        }
    });
    let route_label: Arc<str> = route_name.into();
    metrics::counter!("http_requests_total", "method" => method, "route" => route_label.clone(), "status" => status_label(status))
        .increment(1);
    metrics::histogram!("http_request_seconds", "route" => route_label).record(took);
    if let Ok(id) = HeaderValue::try_from(identity.request_id) {
        response.headers_mut().insert(trace::REQUEST_ID, id);
    }
    response
}

async fn answer(limits: &Middleware, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let who = who(limits, &parts).await;
    let Ok(_share) = limits.callers.take(who.clone(), 1) else { return retry_later(&TOO_MANY_REQUESTS) };
    // Only a command has a body that means something, and only with a valid token; others are not waited for.
    let wanted = parts.method == Method::POST && matches!(who, Who::Caller(..));
    let body = if wanted { body } else { Body::empty() };
    let Ok(mut memory) = limits.bodies.take(who, 0) else { return retry_later(&OVERLOADED) };
    let body = match body::read(body, &mut memory).await {
        Ok(body) => Body::from(body),
        Err(unread) => return refused_body(&unread),
    };
    let Ok(_place) = limits.places.try_acquire() else { return retry_later(&OVERLOADED) };
    // The engine's own task goes on with a command whose answer nobody waits for; it is asked for again by its key.
    let answered = AssertUnwindSafe(next.run(Request::from_parts(parts, body))).catch_unwind();
    match tokio::time::timeout(limits.request_time_max, answered).await {
        Ok(Ok(response)) => as_problem(response),
        Ok(Err(_panic)) => {
            // What it says may quote data, so it is not repeated here; the panic hook has printed the place.
            tracing::error!("a request panicked");
            problem(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(_) => retry_later(&TIMED_OUT),
    }
}

async fn who(limits: &Middleware, request: &Parts) -> Who {
    if let Ok(Authenticated(caller)) = Authenticated::by(&request.headers, &limits.tokens).await {
        return Who::Caller(caller.issuer, caller.id);
    }
    let address = request.extensions.get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |Peer(address)| *address);
    Who::Address(match address {
        // A subscriber has 2^64 IPv6 addresses: they count as one.
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    })
}

fn refused_body(unread: &Unread) -> Response {
    match unread {
        Unread::TooLarge => problem(StatusCode::PAYLOAD_TOO_LARGE),
        Unread::Broken => problem(StatusCode::BAD_REQUEST),
        Unread::NoRoom(Full::Each) => retry_later(&TOO_MANY_REQUESTS),
        Unread::NoRoom(Full::All) => retry_later(&OVERLOADED),
        Unread::TooSlow => {
            let mut response = problem(StatusCode::REQUEST_TIMEOUT);
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

/// With `Retry-After`: there was no room, or no time.
fn retry_later(kind: &ProblemType) -> Response {
    Problem::of(kind).retry_after(RETRY_AFTER_SECONDS).into_response()
}

/// Errors that come from the web framework (no such route, wrong method, too large) are plain texts; here they become
/// problems, and keep their other headers (`Allow`).
fn as_problem(response: Response) -> Response {
    let status = response.status();
    let content = response.headers().get(header::CONTENT_TYPE);
    if !(status.is_client_error() || status.is_server_error()) || content.is_some_and(|kind| kind == PROBLEM) {
        return response;
    }
    let mut answer = problem(status);
    for (name, value) in response.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}

fn problem(status: StatusCode) -> Response {
    let kind = match status {
        StatusCode::NOT_FOUND => NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED => METHOD_NOT_ALLOWED,
        StatusCode::REQUEST_TIMEOUT => REQUEST_TIMEOUT,
        StatusCode::PAYLOAD_TOO_LARGE => TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => UNSUPPORTED_MEDIA_TYPE,
        // 400, 431 and the like keep their status.
        status if status.is_client_error() => ProblemType { status, ..MALFORMED },
        status => ProblemType { status, ..INTERNAL },
    };
    Problem::of(&kind).into_response()
}

/// A label of few values: anything may stand where a method is expected.
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

fn status_label(status: StatusCode) -> String {
    status.as_str().to_owned()
}

#[cfg(test)]
mod tests;
