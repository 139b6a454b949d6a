//! The parts of the API's description that follow from no command and no query.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};
use vocabulary::Token;

use super::{Answers, components::Components};
use crate::{
    ask::WAIT_MAX,
    page::{ITEMS_DEFAULT, ITEMS_MAX},
};

pub fn tags() -> Value {
    json!([
        {"name": "commands", "description": "What can be asked for. A command is granted or refused, whole."},
        {"name": "queries", "description": "What can be seen. Views follow the log within moments; `after` waits for them."},
        {"name": "log", "description": "Every event as it was recorded, for auditors."},
        {"name": "operations", "description": "About the service itself."},
    ])
}

/// Schemas that every operation shares: problems, positions, and what a command answers.
pub fn schemas(components: &mut Components) {
    components.add(
        "Problem",
        json!({
            "type": "object",
            "description": "RFC 9457. More members tell about the case, like a limit or the earliest date.",
            "required": ["type", "title", "status", "code"],
            "properties": {
                "type": {"type": "string", "description": "/problems/<code>, which explains it."},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "code": {"type": "string"},
                "detail": {"type": "string"},
                "errors": {
                    "type": "array",
                    "description": "The faults of a request that cannot be read, or is not allowed as it is.",
                    "items": {
                        "type": "object",
                        "required": ["pointer", "detail"],
                        "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
                    },
                },
            },
        }),
    );
    components.add(
        "Stored",
        json!({
            "type": "object",
            "required": ["position", "events"],
            "properties": {
                "position": {"$ref": "#/components/schemas/Token",
                    "description": "Give it to a query as `after`, to see what this command did."},
                "events": {"type": "array", "items": {
                    "type": "object",
                    "required": ["id", "kind", "stream", "revision", "position"],
                    "properties": {
                        "id": {"type": "string", "format": "uuid"},
                        "kind": {"type": "string"},
                        "stream": {"type": "string"},
                        "revision": {"type": "integer"},
                        "position": {"$ref": "#/components/schemas/Token"},
                    },
                }},
            },
        }),
    );
    components.add("Token", Token::json_schema(&mut super::answers()).to_value());
}

pub fn parameters() -> Value {
    let seconds = WAIT_MAX.as_secs();
    json!({
        "after": {
            "name": "after", "in": "query", "schema": {"$ref": "#/components/schemas/Token"},
            "description": format!("The position that the answer should have seen; it is waited for up to {seconds} s."),
        },
        "strict": {
            "name": "strict", "in": "query", "schema": {"type": "boolean", "default": false},
            "description": "Rather a 504 than an answer from before `after`.",
        },
        "cursor": {
            "name": "cursor", "in": "query", "schema": {"type": "string"},
            "description": "The `next` of the page before.",
        },
        "limit": {
            "name": "limit", "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": ITEMS_MAX, "default": ITEMS_DEFAULT},
            "description": "How many items at most.",
        },
        "Idempotency-Key": {
            "name": "Idempotency-Key", "in": "header", "required": true,
            "schema": {"type": "string", "minLength": 16, "maxLength": 128},
            "description": "New for each wish, the same when it is sent again: a wish is granted once, for ever.",
        },
        "Correlation-Id": {
            "name": "Correlation-Id", "in": "header", "schema": {"type": "string", "format": "uuid"},
            "description": "Joins what belongs together, as far as the caller is concerned.",
        },
    })
}

pub fn headers() -> Value {
    json!({
        "Frontdoor-Position": {
            "description": "How far the answer's rows have come in the log.",
            "schema": {"$ref": "#/components/schemas/Token"},
        },
        "Frontdoor-Stale": {
            "description": "`true`: the answer is from before `after`, or from a view that has stopped.",
            "schema": {"type": "string", "const": "true"},
        },
        "Idempotency-Replayed": {
            "description": "`true`: this was stored before, under the same key.",
            "schema": {"type": "string", "const": "true"},
        },
        "Link": {"description": "`<…>; rel=\"next\"`: the page that follows.", "schema": {"type": "string"}},
        "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}},
    })
}

/// Paths that are neither a command nor a query.
pub fn paths() -> Map<String, Value> {
    let explanation = open(
        "explain-problem",
        "What a problem means, and what to do about it.",
        Answers::new().answer(200, "The explanation.", object()).problem(404, "There is no such problem."),
    );
    let code = json!({"name": "code", "in": "path", "required": true, "schema": {"type": "string"}});
    let ready = Answers::new().answer(200, "They should.", object());
    let paths = [
        ("/commands", listed("list-commands", "Every command: its JSON Schema, who may give it, its rejections.")),
        ("/problems", listed("list-problems", "Every problem: what it means, and what to do about it.")),
        ("/problems/{code}", with_parameter(explanation, code)),
        ("/openapi.json", listed("openapi", "This document: OpenAPI 3.1.")),
        ("/docs", open("docs", "A page to try all this.", Answers::new().answer(303, "It is at `/docs/`.", json!({})))),
        ("/health/live", listed("live", "Whether the process runs.")),
        (
            "/health/ready",
            open(
                "ready",
                "Whether requests should be sent here.",
                ready.problem(503, "Not now: it starts or stops, or its log cannot be used."),
            ),
        ),
        (
            "/metrics",
            open(
                "metrics",
                "Measurements for Prometheus, on the admin listener only.",
                Answers::new().answer(200, "The measurements.", json!({"text/plain": {"schema": {"type": "string"}}})),
            ),
        ),
    ];
    paths.into_iter().map(|(path, operations)| (path.to_owned(), operations)).collect()
}

fn object() -> Value {
    json!({"application/json": {"schema": {"type": "object"}}})
}

fn listed(id: &str, summary: &str) -> Value {
    open(id, summary, Answers::new().answer(200, "It is so.", object()))
}

/// A path that is read without a token.
fn open(id: &str, summary: &str, answers: Answers) -> Value {
    json!({"get": {
        "operationId": id, "tags": ["operations"], "summary": summary, "security": [],
        "responses": answers.into_value(),
    }})
}

fn with_parameter(mut path: Value, parameter: Value) -> Value {
    path["get"]["parameters"] = json!([parameter]);
    path
}
