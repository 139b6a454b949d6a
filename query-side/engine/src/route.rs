//! The steps of every query over HTTP: authenticate the caller, read the parameters, ask, and report the freshness.

use axum::{
    extract::{FromRef, RawPathParams, RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use event_core::Caller;
use http_edge::{Authenticated, Problem, Tokens};
use tokio::time::Instant;

use crate::{
    cloud_events::BATCH,
    context::Freshness,
    error::QueryError,
    page::Paging,
    parameters::{Faulty, Given},
    port::{self, Asked, QueryPort},
    query::{Kind, Query},
};

const POSITION: HeaderName = HeaderName::from_static("frontdoor-position");
const STALE: HeaderName = HeaderName::from_static("frontdoor-stale");

/// The state of a query's route.
#[derive(Clone)]
pub(crate) struct QueryRoute {
    pub port: QueryPort,
    pub tokens: Tokens,
}

impl FromRef<QueryRoute> for Tokens {
    fn from_ref(route: &QueryRoute) -> Tokens {
        route.tokens.clone()
    }
}

pub async fn answer<Q: Query>(
    State(route): State<QueryRoute>,
    headers: HeaderMap,
    path: RawPathParams,
    RawQuery(query): RawQuery,
) -> Response {
    let began = Instant::now();
    let caller = match caller_of::<Q>(&headers, &route.tokens).await {
        Ok(caller) => caller,
        Err(refused) => return refused.into_response(),
    };
    let mut response = match Given::new(path.iter(), query.as_deref()).and_then(read::<Q>) {
        Ok((query, wanted, paging)) => asked(&route.port, caller.as_ref(), &query, wanted, paging).await,
        Err(fault) => {
            let refusal = QueryError::from(fault);
            port::count::<Q>(refusal.outcome(), began);
            refusal.into_response()
        }
    };
    if Q::PERSONAL {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// The caller of the token. `None` without a token, if the query needs none.
async fn caller_of<Q: Query>(headers: &HeaderMap, tokens: &Tokens) -> Result<Option<Caller>, Problem> {
    if !Q::WHO.needs_token() && !headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    Authenticated::by(headers, tokens).await.map(|Authenticated(caller)| Some(caller))
}

fn read<Q: Query>(mut given: Given<'_>) -> Result<(Q, Freshness, Paging), Faulty> {
    let (wanted, paging) = match Q::KIND {
        Kind::Rows => (Freshness::take(&mut given)?, Paging::default()),
        Kind::List => (Freshness::take(&mut given)?, Paging::take(&mut given, Q::NAME)?),
        Kind::Log | Kind::Search => (Freshness::default(), Paging::default()),
    };
    Ok((given.read()?, wanted, paging))
}

async fn asked<Q: Query>(
    port: &QueryPort,
    caller: Option<&Caller>,
    query: &Q,
    wanted: Freshness,
    paging: Paging,
) -> Response {
    let asked = match caller {
        Some(caller) => port.ask(caller, query, wanted, paging).await,
        None => port.ask_for_anybody(query, wanted, paging).await,
    };
    let mut response = match &asked.outcome {
        Ok(answer) => written::<Q>(answer),
        Err(refusal) => Problem::from(refusal).into_response(),
    };
    tell_place(&asked, response.headers_mut());
    response
}

fn written<Q: Query>(answer: &Q::Answer) -> Response {
    let content = if Q::KIND == Kind::Log { BATCH } else { "application/json" };
    match serde_json::to_vec(answer) {
        Ok(body) => ([(header::CONTENT_TYPE, HeaderValue::from_static(content))], body).into_response(),
        Err(cause) => QueryError::Broken(cause.to_string()).into_response(),
    }
}

/// Adds the headers for the position of the rows, for a stale answer, and for the next page of the log.
fn tell_place<T>(asked: &Asked<T>, headers: &mut HeaderMap) {
    let text = |text: String| HeaderValue::try_from(text).ok();
    if let Some(position) = asked.position.and_then(|position| text(position.to_string())) {
        headers.insert(POSITION, position);
    }
    if let Some(next) = asked.next_page.as_ref().and_then(|next| text(format!("<{next}>; rel=\"next\""))) {
        headers.insert(header::LINK, next);
    }
    if asked.stale {
        headers.insert(STALE, HeaderValue::from_static("true"));
    }
}
