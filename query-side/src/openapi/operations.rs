//! Operations of the API's description: the parts that commands and queries share, each written once.

use command_engine::http::status_of;
use domain::{Access, Command, Rejection};
use serde_json::{Map, Value, json};

use super::components::Components;
use crate::{
    cloud_events::BATCH,
    query::{Entry, Kind},
};

/// The `responses` of an operation, by status.
pub struct Answers(Map<String, Value>);

impl Answers {
    pub fn new() -> Answers {
        Answers(Map::new())
    }

    pub fn answer(mut self, status: u16, description: &str, content: Value) -> Answers {
        self.0.insert(status.to_string(), json!({"description": description, "content": content}));
        self
    }

    pub fn headers(mut self, status: u16, headers: Value) -> Answers {
        if let Some(Value::Object(answer)) = self.0.get_mut(&status.to_string()) {
            answer.insert("headers".to_owned(), headers);
        }
        self
    }

    /// A refusal. Several of one status are told apart by their `type`, so their words are joined.
    pub fn problem(mut self, status: u16, words: &str) -> Answers {
        let known = self.0.get(&status.to_string()).and_then(|answer| answer["description"].as_str());
        let description = known.map_or_else(|| words.to_owned(), |known| format!("{known}\n\n{words}"));
        self.0.insert(
            status.to_string(),
            json!({
                "description": description,
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }),
        );
        self
    }

    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// What every request of a caller with a token can meet.
pub fn with_common_problems(answers: Answers) -> Answers {
    answers
        .problem(400, "`malformed`: the request cannot be read; `errors` names the place.")
        .problem(401, "`unauthenticated`: there is no token, or not one that is accepted here.")
        .problem(403, "`not-yours`: it is not the caller's to see or change, or it does not exist.")
        .problem(503, "`view-unavailable`: try again after the time in `Retry-After`.")
}

/// Who may, in a sentence.
pub fn who(access: &Access) -> String {
    if access.anybody {
        return "Anybody with a token.".to_owned();
    }
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let named = |permission: domain::Permission| word(json!(permission));
    let arms = [
        access.patient.map(|level| format!("the person concerned, identity level {} or higher", word(json!(level)))),
        access.proxy.map(|capability| format!("a proxy with `{}`", word(json!(capability)))),
        access.staff.map(|permission| format!("staff of the practice concerned with `{}`", named(permission))),
        access.operator.map(|permission| format!("an operator with `{}`", named(permission))),
        access.auditor.map(|permission| format!("an auditor with `{}`", named(permission))),
    ];
    let arms: Vec<String> = arms.into_iter().flatten().collect();
    format!("Who may: {}.", arms.join("; "))
}

fn described(description: &str, access: &Access) -> String {
    format!("{description}\n\n{}", who(access)).trim().to_owned()
}

/// The operation of one query.
pub fn query(entry: &Entry, components: &mut Components) -> Value {
    let mut schemas = super::answers();
    let answer = components.absorb((entry.answer)(&mut schemas).to_value());
    let mut parameters = super::parameters();
    let own = components.absorb((entry.parameters)(&mut parameters).to_value());
    let (summary, description) = words(&own);
    let media = if entry.kind == Kind::Log { BATCH } else { "application/json" };
    let answers = Answers::new().answer(200, "The answer.", json!({media: {"schema": answer}}));
    let answers = with_common_problems(answers.headers(200, headers(entry)));
    let answers = match entry.kind {
        Kind::Log => answers,
        Kind::Rows | Kind::List => answers
            .problem(409, "`unknown-position`: `after` is beyond the end of the log.")
            .problem(504, "`view-behind`: with `strict=true`, the view has not come as far as `after` in time."),
    };
    let answers = with_rejections(answers, entry.rejections);
    json!({
        "operationId": entry.name,
        "tags": [if entry.kind == Kind::Log { "log" } else { "queries" }],
        "summary": summary,
        "description": described(&description, &entry.who),
        "security": [{"bearer": []}],
        "parameters": all_parameters(entry, &own),
        "responses": answers.into_value(),
        "x-who": entry.who,
    })
}

/// The operation of one command.
pub fn command<C: Command>(components: &mut Components) -> Value {
    let body = components.absorb(super::parameters().root_schema_for::<C>().to_value());
    let (summary, description) = words(&body);
    let stored = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Stored"}}});
    let answers = Answers::new().answer(200, "It is so: what was stored, now or when it was first asked for.", stored);
    let replayed = json!({"Idempotency-Replayed": {"$ref": "#/components/headers/Idempotency-Replayed"}});
    let answers = with_common_problems(answers.headers(200, replayed))
        .problem(413, "`too-large`: the body is larger than 1 MiB.")
        .problem(422, "`key-reused`: this key was used with another body.");
    let answers = with_rejections(answers, C::REJECTIONS);
    json!({
        "operationId": C::NAME,
        "tags": ["commands"],
        "summary": summary,
        "description": described(&description, &C::WHO),
        "security": [{"bearer": []}],
        "parameters": [
            {"$ref": "#/components/parameters/Idempotency-Key"},
            {"$ref": "#/components/parameters/Correlation-Id"},
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": body}}},
        "responses": answers.into_value(),
        "x-who": C::WHO,
    })
}

fn with_rejections(answers: Answers, rejections: &[&'static Rejection]) -> Answers {
    rejections.iter().fold(answers, |answers, rejection| {
        answers.problem(status_of(rejection.class).as_u16(), &format!("`{}`: {}", rejection.code, rejection.title))
    })
}

/// The first paragraph of a doc comment, and the rest of it.
pub fn words(schema: &Value) -> (String, String) {
    let text = schema["description"].as_str().unwrap_or_default();
    let (summary, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    (summary.replace('\n', " "), rest.to_owned())
}

fn all_parameters(entry: &Entry, own: &Value) -> Value {
    let required: Vec<&str> = own["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let fields = own["properties"].as_object().into_iter().flatten();
    let mut all: Vec<Value> = fields
        .map(|(name, schema)| {
            let place = if entry.path.contains(&format!("{{{name}}}")) { "path" } else { "query" };
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
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
        Kind::Log => &[],
    };
    all.extend(shared.iter().map(|name| json!({"$ref": format!("#/components/parameters/{name}")})));
    Value::Array(all)
}

fn headers(entry: &Entry) -> Value {
    let mut headers = json!({"Frontdoor-Position": {"$ref": "#/components/headers/Frontdoor-Position"}});
    let more = match entry.kind {
        Kind::Rows | Kind::List => "Frontdoor-Stale",
        Kind::Log => "Link",
    };
    headers[more] = json!({"$ref": format!("#/components/headers/{more}")});
    headers
}
