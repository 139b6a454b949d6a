//! `POST /commands/{name}` and `GET /commands`.

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRef, Path, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use event_core::{Caller, CommandDescription};
use serde_json::{Value, json};
use uuid::Uuid;

use http_edge::{
    Authenticated, IDEMPOTENCY_REPLAYED, Problem, Tokens,
    problem_catalogue::{
        IDEMPOTENCY_KEY as NO_IDEMPOTENCY_KEY, MALFORMED, MALFORMED_HEADER, ProblemType, TOO_LARGE, UNKNOWN_COMMAND,
        UNSUPPORTED_MEDIA_TYPE,
    },
    trace::{TRACEPARENT, traceparent},
};

use crate::{
    answer::Answer,
    catalogue::Catalogue,
    engine::{Engine, Origin},
};

/// The maximum number of bytes in a body.
const BODY_BYTES_MAX: usize = 1024 * 1024;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const CORRELATION_ID: HeaderName = HeaderName::from_static("correlation-id");

#[derive(Clone)]
struct CommandRoutes {
    engine: Engine,
    tokens: Tokens,
}

impl FromRef<CommandRoutes> for Tokens {
    fn from_ref(commands: &CommandRoutes) -> Tokens {
        commands.tokens.clone()
    }
}

/// The routes that give a command and that list all commands.
pub fn router(engine: Engine, tokens: Tokens) -> Router {
    Router::new()
        .route("/commands", get(list))
        .route("/commands/{name}", post(give))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(CommandRoutes { engine, tokens })
}

async fn give(
    State(commands): State<CommandRoutes>,
    Authenticated(caller): Authenticated,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let read = if commands.engine.catalogue().get(&name).is_none() {
        Err(Problem::of(&UNKNOWN_COMMAND))
    } else {
        read(caller, &headers, body)
    };
    let (origin, body) = match read {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    match commands.engine.execute(&name, body, origin).await {
        Ok(answer) => granted(&answer),
        Err(failure) => failure.into_response(),
    }
}

fn read(caller: Caller, headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<(Origin, Bytes), Problem> {
    let json = one(headers, &header::CONTENT_TYPE).is_some_and(|text| {
        text.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    // `identity` means that the body is not encoded (RFC 9110, 8.4.1).
    let plain = headers.get_all(header::CONTENT_ENCODING).iter().all(|coding| coding == "identity");
    if !json || !plain {
        return Err(Problem::of(&UNSUPPORTED_MEDIA_TYPE));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::of(&TOO_LARGE),
        _ => Problem::of(&MALFORMED).fault("", "the body ended early"),
    })?;
    let key = one(headers, &IDEMPOTENCY_KEY).ok_or_else(|| Problem::of(&NO_IDEMPOTENCY_KEY))?;
    let correlation = correlation(headers)?;
    let trace = one(headers, &TRACEPARENT).and_then(traceparent).map(Into::into);
    Ok((Origin { correlation, trace, ..Origin::new(caller, key) }, body))
}

/// The value of a header that is given exactly once.
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
    id.map(Some).ok_or_else(|| Problem::of(&MALFORMED_HEADER).detail("Correlation-Id is no UUID"))
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

async fn list(State(commands): State<CommandRoutes>) -> Json<Value> {
    Json(described(commands.engine.catalogue()))
}

fn described(catalogue: &Catalogue) -> Value {
    let describe = |command: &CommandDescription| {
        let rejections: Vec<ProblemType> = command.rejections.iter().map(|rejection| (*rejection).into()).collect();
        json!({
            "name": command.name,
            "summary": command.summary(),
            "who": command.who.data(),
            "rejections": rejections,
            "schema": command.schema,
        })
    };
    json!({"items": catalogue.descriptions().map(describe).collect::<Vec<_>>()})
}
