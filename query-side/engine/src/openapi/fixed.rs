//! The parts of the API's description that follow from no command and no query.

use event_core::{LogPosition, StreamName};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::{
    answers::Answers,
    components::{Components, Way},
};
use crate::{
    context::{PositionInCare, WAIT_MAX},
    page::{CURSOR_CHARACTERS_MAX, ITEMS_DEFAULT, ITEMS_MAX},
};

pub const DESCRIPTION: &str = "\
    A parameter in the query string that is not described, or is given twice, is refused (400) by every query; other \
    addresses ignore it. A member of a body that is not described, or comes twice, is \
    refused. Whole numbers are written without a fraction or an exponent. Lengths count Unicode code points.\n\n\
    A method that an address does not describe is 405 with `Allow`; HEAD is answered wherever GET is. A request that is \
    not HTTP, or whose head is too large, is answered by 400, 414 or 431 without a body, and the connection \
    closes. Every other refusal is a Problem.\n\n\
    What was recorded under an earlier rule is answered as it was recorded: where a command accepts less, its schema is \
    named like `LineInput` beside `Line`.";

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
    let mut add = |name: &str, schema: Value| components.add(Way::Out, name, schema);
    add(
        "Problem",
        json!({
            "type": "object",
            "description": "RFC 9457. More members tell about the case, like a limit or the earliest date.",
            "required": ["type", "title", "status", "code"],
            "properties": {
                "type": {"type": "string", "description": "/problems/<code>, which explains it."},
                "title": {"type": "string"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "code": {"type": "string"},
                "detail": {"type": "string"},
                "errors": {
                    "type": "array",
                    "description": "The faults of a request that cannot be read, or is not allowed as it is.",
                    "items": {"$ref": "#/components/schemas/Fault"},
                },
            },
        }),
    );
    add(
        "Fault",
        json!({
            "type": "object",
            "required": ["pointer", "detail"],
            "properties": {
                "pointer": {"type": "string", "description": "A JSON pointer (RFC 6901), or `/` and a parameter's name."},
                "detail": {"type": "string"},
            },
        }),
    );
    add(
        "Stored",
        json!({
            "type": "object",
            "required": ["position", "events"],
            "properties": {
                "position": {"$ref": "#/components/schemas/LogPosition",
                    "description": "Give it to a query as `after`, to see what this command did."},
                "events": {"type": "array", "items": {"$ref": "#/components/schemas/StoredEvent"}},
            },
        }),
    );
    add(
        "StoredEvent",
        json!({
            "type": "object",
            "required": ["id", "kind", "stream", "revision", "position"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "kind": {"type": "string"},
                "stream": {"$ref": "#/components/schemas/StreamName"},
                "revision": {"type": "integer", "format": "int64", "minimum": 1},
                "position": {"type": "integer", "format": "int64", "minimum": 1},
            },
        }),
    );
    add("LogPosition", LogPosition::json_schema(&mut super::generators::answers()).to_value());
    add("StreamName", StreamName::json_schema(&mut super::generators::answers()).to_value());
    add(
        "Explanation",
        json!({
            "type": "object",
            "description": "What a problem means, and what to do about it.",
            "required": ["code", "status", "title", "advice"],
            "properties": {
                "code": {"type": "string"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "title": {"type": "string"},
                "advice": {"type": "string"},
            },
        }),
    );
    add(
        "CommandDescription",
        json!({
            "type": "object",
            "required": ["name", "summary", "who", "rejections", "schema"],
            "properties": {
                "name": {"type": "string"},
                "summary": {"type": "string"},
                "who": {"type": "object", "description": "Who may give it. An arm that is `null` admits nobody."},
                "rejections": {"type": "array", "items": {"$ref": "#/components/schemas/Explanation"}},
                "schema": {"type": "object", "description": "JSON Schema (2020-12) of its body."},
            },
        }),
    );
    add("CommandList", list_of("CommandDescription"));
    add("ExplanationList", list_of("Explanation"));
    add("OpenApiDocument", json!({"type": "object"}));
    add("HealthStatus", json!({"type": "string", "enum": ["live", "ready"]}));
    let status = json!({"$ref": "#/components/schemas/HealthStatus"});
    add("Health", json!({"type": "object", "required": ["status"], "properties": {"status": status}}));
}

fn list_of(name: &str) -> Value {
    let items = json!({"type": "array", "items": {"$ref": format!("#/components/schemas/{name}")}});
    json!({"type": "object", "required": ["items"], "properties": {"items": items}})
}

/// The ways of writing a UUID: plain, with hyphens, as a URN, and in braces.
const UUID: &str = concat!(
    "^([0-9A-Fa-f]{32}|",
    "(urn:uuid:)?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|",
    "\\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\\})$"
);

pub fn parameters() -> Value {
    let seconds = WAIT_MAX.as_secs();
    json!({
        "after": {
            "name": "after", "in": "query", "schema": PositionInCare::json_schema(&mut super::generators::parameters()),
            "description": format!("The position that the answer should have seen; it is waited for up to {seconds} s."),
        },
        "strict": {
            "name": "strict", "in": "query", "schema": {"type": "boolean", "default": false},
            "description": "Rather a 504 than an answer from before `after`.",
        },
        "cursor": {
            "name": "cursor", "in": "query",
            "schema": {"type": "string", "format": "cursor", "pattern": "^[A-Za-z0-9_-]+$", "minLength": 12,
                "maxLength": CURSOR_CHARACTERS_MAX},
            "description": "The `next` of the page before, with the same other parameters. Any other text is refused.",
        },
        "limit": {
            "name": "limit", "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": ITEMS_MAX, "default": ITEMS_DEFAULT},
            "description": "How many items at most.",
        },
        "Idempotency-Key": {
            "name": "Idempotency-Key", "in": "header", "required": true,
            "schema": {"type": "string", "pattern": "^[!-~]{16,128}$"},
            "description": "New for each wish, the same when it is sent again: a wish is granted once, for ever.",
        },
        "Correlation-Id": {
            "name": "Correlation-Id", "in": "header", "schema": {"type": "string", "pattern": UUID},
            "description": "Joins what belongs together, as far as the caller is concerned.",
        },
    })
}

pub fn headers() -> Value {
    json!({
        "Frontdoor-Position": {
            "description": "How far the answer's rows have come in the log.",
            "schema": {"$ref": "#/components/schemas/LogPosition"},
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
        "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}},
        "WWW-Authenticate": {"description": "`Bearer`, with the realm.", "schema": {"type": "string"}},
    })
}

/// Paths that are neither a command nor a query. The operator's listener is not among them: it is another server.
pub fn paths() -> Map<String, Value> {
    let explanation = open(
        "getProblem",
        "What a problem means, and what to do about it.",
        Answers::new()
            .answer(200, "The explanation.", shown("Explanation"))
            .problem(404, "`not-found`: there is none."),
    );
    let code = json!({"name": "code", "in": "path", "required": true, "schema": {"type": "string"}});
    let health = || Answers::of_health().problem(400, "`malformed`: there is not exactly one Host.");
    let paths = [
        (
            "/commands",
            listed("listCommands", "Every command: its JSON Schema, who may give it, its rejections.", "CommandList"),
        ),
        (
            "/problems",
            listed("listProblems", "Every problem: what it means, and what to do about it.", "ExplanationList"),
        ),
        ("/problems/{code}", with_parameter(explanation, code)),
        (
            "/openapi.json",
            open(
                "getOpenApi",
                "This document: OpenAPI 3.1.",
                Answers::new().answer(200, "This document.", shown("OpenApiDocument")),
            ),
        ),
        (
            "/docs",
            open("getDocs", "A page to try all this.", Answers::new().answer(303, "It is at `/docs/`.", json!({}))),
        ),
        (
            "/health/live",
            open("getLiveness", "Whether the process runs.", health().answer(200, "It runs.", shown("Health"))),
        ),
        (
            "/health/ready",
            open(
                "getReadiness",
                "Whether requests should be sent here.",
                health()
                    .answer(200, "They should.", shown("Health"))
                    .problem(503, "`not-ready`: it starts or stops, or its log cannot be used."),
            ),
        ),
    ];
    paths.into_iter().map(|(path, operations)| (path.to_owned(), operations)).collect()
}

fn shown(name: &str) -> Value {
    json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}})
}

fn listed(id: &str, summary: &str, answer: &str) -> Value {
    open(id, summary, Answers::new().answer(200, "All of them.", shown(answer)))
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
