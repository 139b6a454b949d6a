//! The parts of the API's description that do not come from a command or a query.

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
    Queries reject undescribed and duplicate parameters in the query string (400); other paths ignore them. Undescribed and \
    duplicate members of a body are rejected. Integers have no fraction and no exponent. Lengths count Unicode code \
    points.\n\n\
    A method without a description is 405 with `Allow`; HEAD is available wherever GET is. A request that is not HTTP, or \
    has too large a head, is answered with 400, 414 or 431 without a body, and the connection is closed. All other errors \
    are Problems, or HTML pages if `Accept` prefers HTML.\n\n\
    Data that was recorded under an earlier rule is answered as it was recorded. If a command accepts less than an answer \
    can contain, its schema has a name of its own, such as `LineInput` beside `Line`.";

pub fn tags() -> Value {
    json!([
        {"name": "commands", "description": "Requests for changes. A command is granted or rejected as a whole."},
        {"name": "queries", "description": "Reads of views. Views follow the log with a short delay; `after` waits for them."},
        {"name": "log", "description": "All events as they were recorded, for auditors."},
        {"name": "operations", "description": "The state and the description of the service."},
    ])
}

/// The schemas that every operation shares: problems, positions, and the answer of a command.
pub fn schemas(components: &mut Components) {
    let mut add = |name: &str, schema: Value| components.add(Way::Out, name, schema);
    add(
        "Problem",
        json!({
            "type": "object",
            "description": "RFC 9457. Further members give details of the case, such as a limit or the earliest date.",
            "required": ["type", "title", "status", "code"],
            "properties": {
                "type": {"type": "string", "description": "/problems/<code>, the explanation of the problem."},
                "title": {"type": "string"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "code": {"type": "string"},
                "detail": {"type": "string"},
                "errors": {
                    "type": "array",
                    "description": "The faults of a request that cannot be read, or is not allowed in this form.",
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
                    "description": "Pass it to a query as `after` to see the effect of this command."},
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
            "description": "The meaning of a problem, and advice.",
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
                "who": {"type": "object", "description": "The admitted callers, by role. A role with `null` is not admitted."},
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
            "description": format!("The position that the answer has to include; the query waits for it up to {seconds} s."),
        },
        "strict": {
            "name": "strict", "in": "query", "schema": {"type": "boolean", "default": false},
            "description": "Answer 504 instead of rows from before `after`.",
        },
        "cursor": {
            "name": "cursor", "in": "query",
            "schema": {"type": "string", "format": "cursor", "pattern": "^[A-Za-z0-9_-]+$", "minLength": 12,
                "maxLength": CURSOR_CHARACTERS_MAX},
            "description": "The `next` of the previous page, with the same other parameters. Any other text is rejected.",
        },
        "limit": {
            "name": "limit", "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": ITEMS_MAX, "default": ITEMS_DEFAULT},
            "description": "The maximum number of items.",
        },
        "Idempotency-Key": {
            "name": "Idempotency-Key", "in": "header", "required": true,
            "schema": {"type": "string", "pattern": "^[!-~]{16,128}$"},
            "description": "A new value for each command, and the same value when a command is sent again: it takes effect once.",
        },
        "Correlation-Id": {
            "name": "Correlation-Id", "in": "header", "schema": {"type": "string", "pattern": UUID},
            "description": "Links related requests, as the caller sees it.",
        },
    })
}

pub fn headers() -> Value {
    json!({
        "Frontdoor-Position": {
            "description": "The position in the log that the answer's rows include.",
            "schema": {"$ref": "#/components/schemas/LogPosition"},
        },
        "Frontdoor-Stale": {
            "description": "`true`: the rows are from before `after`, or from a view that has stopped.",
            "schema": {"type": "string", "const": "true"},
        },
        "Idempotency-Replayed": {
            "description": "`true`: this command was decided before, with the same key.",
            "schema": {"type": "string", "const": "true"},
        },
        "Link": {"description": "`<…>; rel=\"next\"`: the next page.", "schema": {"type": "string"}},
        "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}},
        "WWW-Authenticate": {"description": "`Bearer`, with the realm.", "schema": {"type": "string"}},
    })
}

/// Paths that are neither a command nor a query. The operator's listener is not among them: it is another server.
pub fn paths() -> Map<String, Value> {
    let explanation = open(
        "getProblem",
        "The meaning of a problem, and advice.",
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
