//! The visitor of a page, and the position in the log that the page is to include.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use event_core::{Caller, LogName, LogPosition};
use http_edge::{
    Problem, SignedIn,
    middleware::PageCaller,
    trace::{TRACEPARENT, traceparent},
};
use uuid::Uuid;

use crate::error::PageError;

/// A visitor who is signed in. Without a sign-in, the request is answered with the way to the page for signing in.
#[derive(Clone)]
pub struct Visitor {
    pub signed_in: SignedIn,
    /// The position in `care` that the page is to include, from the address: that of the visitor's last command.
    pub after: Option<u64>,
    /// True if the page is to include all events up to now, whatever `after` says.
    pub(crate) up_to_date: bool,
    /// The path and query string of the page.
    pub address: Box<str>,
    pub(crate) trace: Option<Box<str>>,
    /// The headers that identify the sign-in.
    pub(crate) cookies: HeaderMap,
}

/// A visitor who may not be signed in.
pub struct Guest(pub Option<Visitor>);

impl Visitor {
    pub fn caller(&self) -> &Caller {
        &self.signed_in.caller
    }

    /// The same visitor, whose answers include all events up to the time of the query. For the look of a live page: without it, a
    /// look that new events cause would find the view as it was before them, and see them many seconds later. And for the answer
    /// to a form: a rule that refuses knows events that the view may not have yet, such as the booking that took the slot.
    #[must_use]
    pub fn up_to_date(&self) -> Visitor {
        Visitor { up_to_date: true, ..self.clone() }
    }

    /// A new idempotency key for a form. A form keeps it, so that sending the form twice gives one command.
    pub fn new_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(Uuid::now_v7()) + &URL_SAFE_NO_PAD.encode(Uuid::new_v4())
    }
}

/// The way to the page for signing in, and from there to this address.
pub fn to_sign_in(address: &str) -> Response {
    let place = if address == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={}", encoded(address)) };
    (StatusCode::SEE_OTHER, [(header::LOCATION, place), (header::CACHE_CONTROL, "no-store".to_owned())]).into_response()
}

impl<S: Send + Sync> FromRequestParts<S> for Guest {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Guest, PageError> {
        let signed_in = match parts.extensions.get::<PageCaller>() {
            Some(PageCaller(Ok(signed_in))) => signed_in.clone(),
            Some(PageCaller(Err(problem))) => return Err(problem.clone().into()),
            None => None,
        };
        Ok(Guest(signed_in.map(|signed_in| Visitor {
            signed_in,
            after: after(&parts.uri),
            up_to_date: false,
            address: parts.uri.path_and_query().map_or("/", |address| address.as_str()).into(),
            trace: trace(&parts.headers),
            cookies: cookies(&parts.headers),
        })))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Visitor, PageError> {
        let Guest(visitor) = <Guest as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        // A form that comes too late leads back to its own page, which has the same address.
        let address = parts.uri.path_and_query().map_or("/", |address| address.as_str());
        visitor.ok_or_else(|| to_sign_in(address).into())
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Visitor>, PageError> {
        <Guest as FromRequestParts<S>>::from_request_parts(parts, state).await.map(|Guest(visitor)| visitor)
    }
}

/// A position that does not read is left out: the page then shows what it has.
fn after(uri: &Uri) -> Option<u64> {
    let given = form_urlencoded::parse(uri.query()?.as_bytes()).find(|(name, _)| name == "after")?.1;
    let LogPosition { log, position } = given.parse().ok()?;
    (log == LogName::Care).then_some(position)
}

fn cookies(headers: &HeaderMap) -> HeaderMap {
    headers.get_all(header::COOKIE).iter().map(|cookie| (header::COOKIE, cookie.clone())).collect()
}

fn trace(headers: &HeaderMap) -> Option<Box<str>> {
    headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(traceparent).map(Into::into)
}

/// A value in a query string.
pub fn encoded(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// The problem of a form that does not come from a page of this server.
pub(crate) fn foreign() -> Problem {
    Problem::of(&http_edge::problem_catalogue::FOREIGN_FORM)
}
