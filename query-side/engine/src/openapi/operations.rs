//! Operations of the API's description: the parts that commands and queries share, each written once.

use event_core::{AccessRule, CommandDescription, Rejection};
use http_edge::status_of;
use serde_json::{Value, json};

use super::{
    answers::Answers,
    components::{Components, Way},
    plain,
};
use crate::{cloud_events::BATCH, entry::QueryEntry, query::Kind};

fn described(description: &str, access: &dyn AccessRule) -> String {
    format!("{description}\n\n{}", access.sentence()).trim().to_owned()
}

/// The header of an answer that was stored before.
const REPLAYED: &str = "Idempotency-Replayed";

/// The operation of one query.
pub fn query(entry: &QueryEntry, components: &mut Components) -> Value {
    let mut schemas = super::generators::answers();
    let answer = (entry.answer)(&mut schemas).to_value();
    let name = title(&answer);
    let name = name.strip_prefix("Array_of_").map_or_else(|| name.clone(), |item| format!("{item}Batch"));
    let answer = components.add(Way::Out, &name, answer);
    let mut parameters = super::generators::parameters();
    let own = components.absorb(Way::In, (entry.parameters)(&mut parameters).to_value());
    let (summary, description) = words(&own);
    let media = if entry.kind == Kind::Log { BATCH } else { "application/json" };
    let answers = Answers::of_callers()
        .answer(200, "The answer.", json!({media: {"schema": answer}}))
        .headers(200, headers(entry.kind))
        .problem(503, "`view-unavailable`: the view, the log or a personal field of it cannot be read now.");
    let answers = match entry.kind {
        Kind::Log | Kind::Search => answers,
        Kind::Rows | Kind::List => answers
            .problem(409, "`unknown-position`: `after` is beyond the end of the log.")
            .problem(504, "`view-behind`: with `strict=true`, the view has not come as far as `after` in time."),
    };
    // A refusal is as old as the rows that it comes from, so it has the same headers for freshness.
    let answers = with_rejections(answers, entry.rejections, headers(entry.kind));
    json!({
        "operationId": operation_id(&title(&own)),
        "tags": [if matches!(entry.kind, Kind::Log | Kind::Search) { "log" } else { "queries" }],
        "summary": summary,
        "description": described(&description, entry.who),
        "security": if entry.who.needs_token() { json!([{"bearer": []}]) } else { json!([]) },
        "parameters": all_parameters(entry, &own),
        "responses": answers.into_value(),
        "x-who": entry.who.data(),
    })
}

/// The operation of one command.
pub fn command(command: &CommandDescription, components: &mut Components) -> Value {
    let body = command.schema.clone();
    let (summary, description) = words(&body);
    let name = title(&body);
    let body = components.add(Way::In, &name, body);
    let stored = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Stored"}}});
    let answers = Answers::of_callers()
        .answer(200, "It is so: what was stored, now or when it was first asked for.", stored)
        .headers(200, &[REPLAYED])
        .problem(400, "`idempotency-key`: there is no Idempotency-Key, or not one that fits.")
        .problem(400, "`malformed-header`: Correlation-Id is no UUID.")
        .shared(408, "BodyTooSlow")
        .problem(409, "`stream-full`: what this would change holds as much as it can.")
        .problem(410, "`erased`: the data of the person concerned was erased.")
        .shared(415, "UnsupportedMediaType")
        .problem(422, "`text-too-long`: a text is longer than its limit.")
        .problem(422, "`key-reused`: this key was used with another body.")
        .problem(503, "`contended`: too many others change the same thing now.");
    let answers = with_rejections(answers, command.rejections, &[REPLAYED]);
    json!({
        "operationId": operation_id(&name),
        "tags": ["commands"],
        "summary": summary,
        "description": described(&description, command.who),
        "security": [{"bearer": []}],
        "parameters": [
            {"$ref": "#/components/parameters/Idempotency-Key"},
            {"$ref": "#/components/parameters/Correlation-Id"},
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": body}}},
        "responses": answers.into_value(),
        "x-who": command.who.data(),
    })
}

/// Adds these rejections, each with these headers.
fn with_rejections(answers: Answers, rejections: &[&'static Rejection], headers: &[&str]) -> Answers {
    rejections.iter().fold(answers, |answers, rejection| {
        let status = status_of(rejection.class).as_u16();
        answers.problem(status, &format!("`{}`: {}", rejection.code, rejection.title)).headers(status, headers)
    })
}

fn title(schema: &Value) -> String {
    schema["title"].as_str().unwrap_or_default().to_owned()
}

/// `BookAppointment` as `bookAppointment`.
fn operation_id(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// The first paragraph of a doc comment, and the rest of it.
pub fn words(schema: &Value) -> (String, String) {
    let text = schema["description"].as_str().unwrap_or_default();
    let (summary, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    (summary.replace('\n', " "), rest.to_owned())
}

fn all_parameters(entry: &QueryEntry, own: &Value) -> Value {
    let required: Vec<&str> = own["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let fields = own["properties"].as_object().into_iter().flatten();
    let mut all: Vec<Value> = fields
        .map(|(name, schema)| {
            let place = if entry.path.contains(&format!("{{{name}}}")) { "path" } else { "query" };
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            plain::parameter(&mut schema);
            let mut parameter = json!({
                "name": name, "in": place, "required": required.contains(&name.as_str()), "schema": schema,
            });
            if let Some(description) = description {
                parameter["description"] = description;
            }
            parameter
        })
        .collect();
    let shared: &[&str] = match entry.kind {
        Kind::Rows => &["after", "strict"],
        Kind::List => &["after", "strict", "cursor", "limit"],
        Kind::Log | Kind::Search => &[],
    };
    all.extend(shared.iter().map(|name| json!({"$ref": format!("#/components/parameters/{name}")})));
    Value::Array(all)
}

fn headers(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Rows | Kind::List => &["Frontdoor-Position", "Frontdoor-Stale"],
        Kind::Log => &["Frontdoor-Position", "Link"],
        Kind::Search => &["Frontdoor-Position"],
    }
}
