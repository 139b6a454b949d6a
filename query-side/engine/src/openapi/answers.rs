//! The answers of an operation: its `responses`, by status. Those that any request can get are written here once.

use serde_json::{Map, Value, json};

/// The `responses` of an operation, by status.
pub struct Answers(Map<String, Value>);

impl Answers {
    /// The answers of an address that is behind the limits of the public listener.
    pub fn new() -> Answers {
        Answers::of_health()
            .problem(400, "`malformed`: the request cannot be read; `errors` names the place.")
            .shared(413, "TooLarge")
            .shared(429, "TooManyRequests")
            .shared(500, "Internal")
            .problem(503, "`overloaded`: too much is being asked at once.")
            .problem(503, "`timed-out`: this took too long.")
    }

    /// The answers of an address that no limit applies to.
    pub fn of_health() -> Answers {
        Answers(Map::new())
    }

    /// The same for an address that needs a token.
    pub fn of_callers() -> Answers {
        Answers::new()
            .shared(401, "Unauthenticated")
            .problem(403, "`not-yours`: it is not the caller's to see or change, or it does not exist.")
            .problem(403, "`identity-too-low`: the caller's identity has to be proven to the level in `level`.")
            .problem(503, "`log-unavailable`: nothing can be written or read now.")
    }

    #[must_use]
    pub fn answer(mut self, status: u16, description: &str, content: Value) -> Answers {
        self.0.insert(status.to_string(), json!({"description": description, "content": content}));
        self
    }

    /// Adds headers to those that the answer has; a shared answer keeps its own only.
    #[must_use]
    pub fn headers(mut self, status: u16, names: &[&str]) -> Answers {
        if let Some(answer) = self.0.get_mut(&status.to_string()).filter(|answer| answer.get("$ref").is_none()) {
            for name in names {
                answer["headers"][name] = json!({"$ref": format!("#/components/headers/{name}")});
            }
        }
        self
    }

    /// Adds a refusal. Refusals with the same status differ in their `code`, so their descriptions are joined.
    #[must_use]
    pub fn problem(mut self, status: u16, words: &str) -> Answers {
        let known = self.0.get(&status.to_string()).and_then(|answer| answer["description"].as_str());
        let description = known.map_or_else(|| words.to_owned(), |known| format!("{known}\n\n{words}"));
        let known = self.0.entry(status.to_string()).or_insert_with(|| refusal(status, ""));
        known["description"] = description.into();
        self
    }

    /// Adds a refusal that is the same everywhere.
    #[must_use]
    pub fn shared(mut self, status: u16, name: &str) -> Answers {
        self.0.insert(status.to_string(), json!({"$ref": format!("#/components/responses/{name}")}));
        self
    }

    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

fn refusal(status: u16, description: &str) -> Value {
    let mut answer = json!({
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
    let header = match status {
        401 => Some("WWW-Authenticate"),
        429 | 503 | 504 => Some("Retry-After"),
        _ => None,
    };
    if let Some(header) = header {
        answer["headers"] = json!({header: {"$ref": format!("#/components/headers/{header}")}});
    }
    answer
}

/// `components.responses`.
pub fn shared() -> Value {
    json!({
        "Unauthenticated":
            refusal(401, "`unauthenticated`: there is no token, or not one that is accepted here."),
        "BodyTooSlow":
            refusal(408, "`request-timeout`: the body did not come in time."),
        "TooLarge":
            refusal(413, "`too-large`: the body is larger than 1 MiB."),
        "UnsupportedMediaType": refusal(
            415,
            "`unsupported-media-type`: the body is not `application/json`, or has a Content-Encoding.",
        ),
        "TooManyRequests":
            refusal(429, "`too-many-requests`: this caller asks too much at once."),
        "Internal":
            refusal(500, "`internal`: something went wrong on the server's side."),
    })
}
