//! `POST /commands/{name}`, `GET /commands`, `GET /problems`, `GET /problems/{code}`.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRef, Path, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Authenticated, Explained, IDEMPOTENCY_REPLAYED, Problem, Tokens, known::KNOWN};
use crate::{
    catalogue::{Catalogue, Entry},
    engine::{Answer, Engine, RequestContext},
};

/// Bytes of a body.
const BODY_BYTES_MAX: usize = 1024 * 1024;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const CORRELATION_ID: HeaderName = HeaderName::from_static("correlation-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

#[derive(Clone)]
struct Commands {
    engine: Engine,
    tokens: Tokens,
}

type Explanations = Arc<BTreeMap<String, Explained>>;

impl FromRef<Commands> for Tokens {
    fn from_ref(commands: &Commands) -> Tokens {
        commands.tokens.clone()
    }
}

/// Every command.
pub fn router(engine: Engine, tokens: Tokens) -> Router {
    Router::new()
        .route("/commands", get(list))
        .route("/commands/{name}", post(give))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Commands { engine, tokens })
}

/// What each problem means and what to do about it: those of this crate, of the commands, and of others.
pub fn problems(catalogue: &Catalogue, others: impl IntoIterator<Item = Explained>) -> Router {
    let rules = catalogue.entries().flat_map(|entry| entry.rejections).map(|rejection| (*rejection).into());
    let problems = KNOWN.iter().cloned().chain(rules).chain(others);
    let explanations: Explanations =
        Arc::new(problems.map(|explained| (explained.code.to_string(), explained)).collect());
    Router::new().route("/problems", get(explain_all)).route("/problems/{code}", get(explain)).with_state(explanations)
}

async fn give(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let read = if commands.engine.catalogue().get(&name).is_none() {
        Err(Problem::of("unknown-command"))
    } else {
        read(&headers, body)
    };
    let (request, body) = match read {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    match commands.engine.execute(caller, &name, body, request).await {
        Ok(answer) => granted(&answer),
        Err(failure) => failure.into_response(),
    }
}

fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<(RequestContext, Bytes), Problem> {
    let json = one(headers, &header::CONTENT_TYPE).is_some_and(|text| {
        text.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    // `identity` says that nothing is encoded (RFC 9110, 8.4.1).
    let plain = headers.get_all(header::CONTENT_ENCODING).iter().all(|coding| coding == "identity");
    if !json || !plain {
        return Err(Problem::of("unsupported-media-type"));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::of("too-large"),
        _ => Problem::of("malformed").fault("", "the body ended early"),
    })?;
    let request = RequestContext {
        idempotency_key: one(headers, &IDEMPOTENCY_KEY).ok_or_else(|| Problem::of("idempotency-key"))?.into(),
        correlation: correlation(headers)?,
        trace: one(headers, &TRACEPARENT).and_then(traceparent).map(Into::into),
    };
    Ok((request, body))
}

/// A header that is given once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut given = headers.get_all(name).iter();
    match (given.next(), given.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn correlation(headers: &HeaderMap) -> Result<Option<Uuid>, Problem> {
    if !headers.contains_key(CORRELATION_ID) {
        return Ok(None);
    }
    let id = one(headers, &CORRELATION_ID).and_then(|text| Uuid::try_parse(text).ok());
    id.map(Some).ok_or_else(|| Problem::of("malformed-header").detail("Correlation-Id is no UUID"))
}

/// A W3C `traceparent` as version 00 writes it. Of a later version the fields that version 00 knows are kept, as the
/// standard asks for; a malformed one is as none.
pub fn traceparent(text: &str) -> Option<String> {
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let some = |part: &str| part.bytes().any(|byte| byte != b'0');
    let mut parts = text.splitn(5, '-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let further = parts.next().is_some();
    let known = hex(version, 2) && version != "ff" && (version != "00" || !further);
    let fits = known && hex(trace, 32) && some(trace) && hex(parent, 16) && some(parent) && hex(flags, 2);
    if !fits {
        return None;
    }
    if version == "00" {
        return Some(text.to_owned());
    }
    // Of the flags of a later version only the first, "sampled", has a meaning here.
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1;
    Some(format!("00-{trace}-{parent}-{sampled:02x}"))
}

fn granted(answer: &Answer) -> Response {
    let events: Vec<Value> = answer
        .events
        .iter()
        .map(|event| {
            json!({
                "id": event.id,
                "kind": event.kind,
                "stream": event.stream,
                "revision": event.revision,
                "position": event.position,
            })
        })
        .collect();
    let mut response = Json(json!({"position": answer.position, "events": events})).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if answer.replayed {
        response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

async fn list(State(commands): State<Commands>) -> Json<Value> {
    Json(described(commands.engine.catalogue()))
}

fn described(catalogue: &Catalogue) -> Value {
    let describe = |entry: &Entry| {
        let rejections: Vec<Explained> = entry.rejections.iter().map(|rejection| (*rejection).into()).collect();
        json!({
            "name": entry.name,
            "summary": entry.summary(),
            "who": entry.who.data(),
            "rejections": rejections,
            "schema": entry.schema,
        })
    };
    json!({"items": catalogue.entries().map(describe).collect::<Vec<_>>()})
}

async fn explain_all(State(explanations): State<Explanations>) -> Json<Value> {
    Json(json!({"items": explanations.values().collect::<Vec<_>>()}))
}

async fn explain(State(explanations): State<Explanations>, Path(code): Path<String>) -> Response {
    match explanations.get(&code) {
        Some(explained) => Json(explained).into_response(),
        None => Problem::of("not-found").into_response(),
    }
}
