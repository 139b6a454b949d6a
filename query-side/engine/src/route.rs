//! The steps of every query: authenticate the caller, read the parameters, check access, answer, and report the
//! freshness.

use axum::{
    extract::{RawPathParams, RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use event_core::{AccessRequest, Caller};
use http_edge::Authenticated;
use tokio::time::Instant;

use crate::{
    cloud_events::BATCH,
    context::{Freshness, QueryContext},
    error::QueryError,
    page::Paging,
    parameters::Given,
    query::{Kind, Query},
    sources::Sources,
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

/// The name of the outcome in the metrics, and the response.
type Outcome = (&'static str, Response);

fn refused(refusal: QueryError) -> Outcome {
    (refusal.outcome(), refusal.into_response())
}

async fn asked<Q: Query>(sources: &Sources, caller: &Caller, mut given: Given<'_>) -> Result<Outcome, QueryError> {
    let (wanted, paging) = match Q::KIND {
        Kind::Rows => (Freshness::take(&mut given)?, Paging::default()),
        Kind::List => (Freshness::take(&mut given)?, Paging::take(&mut given, Q::NAME)?),
        Kind::Log => (Freshness::default(), Paging::default()),
    };
    let query: Q = given.read()?;
    let access = AccessRequest { caller: caller.clone(), subject: query.subject(), organisation: query.organisation() };
    sources.gate.admit(Q::WHO, &access).await.map_err(QueryError::Gate)?;
    let mut context = QueryContext::new(sources, wanted, paging).await?;
    let answer = query.answer(&mut context).await;
    // A rejection is as old as the rows that it comes from, too: a missing thing may be about to appear.
    if context.late() && wanted.strict {
        return Err(QueryError::Behind);
    }
    let answered = answer.and_then(|answer| written::<Q>(&answer));
    // A failed answer says nothing about the rows, however many were read before.
    let is_of_rows = matches!(&answered, Ok(_) | Err(QueryError::Rejected(_)));
    let (outcome, mut response) = answered.map_or_else(refused, |response| ("answered", response));
    if is_of_rows {
        tell_place::<Q>(&context, response.headers_mut());
    }
    Ok((outcome, response))
}

fn written<Q: Query>(answer: &Q::Answer) -> Result<Response, QueryError> {
    let body = serde_json::to_vec(answer).map_err(|cause| QueryError::Broken(cause.to_string()))?;
    let content = if Q::KIND == Kind::Log { BATCH } else { "application/json" };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(content))], body).into_response())
}

/// Adds the headers for the position of the rows, for a stale answer, and for the next page of the log.
fn tell_place<Q: Query>(context: &QueryContext<'_>, headers: &mut HeaderMap) {
    let text = |text: String| HeaderValue::try_from(text).ok();
    if let Some(position) = context.position().and_then(|position| text(position.to_string())) {
        headers.insert(POSITION, position);
    }
    if let Some(next) = context.next_page.as_ref().and_then(|next| text(format!("<{next}>; rel=\"next\""))) {
        headers.insert(header::LINK, next);
    }
    if context.stale() {
        metrics::counter!("query_stale_answers_total", "query" => Q::NAME).increment(1);
        headers.insert(STALE, HeaderValue::from_static("true"));
    }
}
