//! The way of every query: who asks, what is asked, may they, the answer, and how fresh it is.

use axum::{
    extract::{RawPathParams, RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use event_core::{AccessRequest, Caller};
use http_edge::Authenticated;
use tokio::time::Instant;

use crate::{
    Sources,
    ask::{Ask, Wanted},
    cloud_events::BATCH,
    page::Paging,
    parameters::Given,
    query::{Kind, Query},
    refusal::Refusal,
};

const POSITION: HeaderName = HeaderName::from_static("frontdoor-position");
const STALE: HeaderName = HeaderName::from_static("frontdoor-stale");

pub async fn answer<Q: Query>(
    State(sources): State<Sources>,
    Authenticated(caller): Authenticated,
    path: RawPathParams,
    RawQuery(query): RawQuery,
) -> Response {
    let began = Instant::now();
    let asked = match Given::new(path.iter(), query.as_deref()) {
        Ok(given) => asked::<Q>(&sources, &caller, given).await,
        Err(fault) => Err(fault.into()),
    };
    let (outcome, mut response) = asked.unwrap_or_else(refused);
    if Q::PERSONAL {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    metrics::counter!("queries_total", "query" => Q::NAME, "outcome" => outcome).increment(1);
    metrics::histogram!("query_seconds", "query" => Q::NAME).record(began.elapsed());
    response
}

/// A response, and what it is in the metrics.
type Outcome = (&'static str, Response);

fn refused(refusal: Refusal) -> Outcome {
    (refusal.outcome(), refusal.into_response())
}

async fn asked<Q: Query>(sources: &Sources, caller: &Caller, mut given: Given<'_>) -> Result<Outcome, Refusal> {
    let (wanted, paging) = match Q::KIND {
        Kind::Rows => (Wanted::take(&mut given)?, Paging::default()),
        Kind::List => (Wanted::take(&mut given)?, Paging::take(&mut given, Q::NAME)?),
        Kind::Log => (Wanted::default(), Paging::default()),
    };
    let query: Q = given.read()?;
    let access = AccessRequest { caller: caller.clone(), subject: query.subject(), organisation: query.organisation() };
    sources.gate.admit(Q::WHO, &access).await.map_err(Refusal::Gate)?;
    let mut ask = Ask::new(sources, wanted, paging).await?;
    let answer = query.answer(&mut ask).await;
    // A no is as old as the rows that it comes from, too: "there is no such practice" may be about to change.
    if ask.late() && wanted.strict {
        return Err(Refusal::Behind);
    }
    let (outcome, mut response) =
        answer.and_then(|answer| written::<Q>(&answer)).map_or_else(refused, |response| ("answered", response));
    tell_place::<Q>(&ask, response.headers_mut());
    Ok((outcome, response))
}

fn written<Q: Query>(answer: &Q::Answer) -> Result<Response, Refusal> {
    let body = serde_json::to_vec(answer).map_err(|cause| Refusal::Broken(cause.to_string()))?;
    let content = if Q::KIND == Kind::Log { BATCH } else { "application/json" };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(content))], body).into_response())
}

/// How far the rows had come, whether that was far enough, and where a page of the log goes on.
fn tell_place<Q: Query>(ask: &Ask<'_>, headers: &mut HeaderMap) {
    let text = |text: String| HeaderValue::try_from(text).ok();
    if let Some(position) = ask.position().and_then(|position| text(position.to_string())) {
        headers.insert(POSITION, position);
    }
    if let Some(next) = ask.next_page.as_ref().and_then(|next| text(format!("<{next}>; rel=\"next\""))) {
        headers.insert(header::LINK, next);
    }
    if ask.stale() {
        metrics::counter!("query_stale_answers_total", "query" => Q::NAME).increment(1);
        headers.insert(STALE, HeaderValue::from_static("true"));
    }
}
