//! RFC 9457 problems: the form of every error answer of the platform. A `Problem` has two forms: a JSON document, which
//! is the body of its response, and a page (`error_page`), which the middleware substitutes if the client prefers HTML.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use event_core::{Denied, Rejected};
use serde_json::{Map, Value, json};

use crate::{
    ErrorPage, IDEMPOTENCY_REPLAYED, error_page,
    fault::Fault,
    problem_catalogue::{IDENTITY_TOO_LOW, NOT_YOURS, ProblemType},
};

/// The content type of a problem document.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// An error answer. Its `type` is `/problems/<code>`, a URL that explains the code.
#[derive(Debug, Clone)]
pub struct Problem(Box<Content>);

#[derive(Debug, Clone)]
struct Content {
    kind: ProblemType,
    members: Map<String, Value>,
    faults: Vec<Fault>,
    retry_after: Option<u32>,
    replayed: bool,
}

impl Problem {
    /// A problem of the catalogue.
    pub fn of(kind: &ProblemType) -> Problem {
        Problem(Box::new(Content {
            kind: *kind,
            members: Map::new(),
            faults: vec![],
            retry_after: None,
            replayed: false,
        }))
    }

    /// Sets `detail`: an explanation of this case.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Problem {
        self.with("detail", detail.into())
    }

    /// Adds a member, named in camelCase.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a fault in the input to `errors`.
    #[must_use]
    pub fn fault(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Problem {
        self.0.faults.push(Fault { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Sets `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Problem {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Sets `Idempotency-Replayed`: the first request with this command had the same answer.
    #[must_use]
    pub fn replayed(mut self) -> Problem {
        self.0.replayed = true;
        self
    }

    pub fn status(&self) -> StatusCode {
        self.0.kind.status
    }

    pub fn code(&self) -> &'static str {
        self.0.kind.code
    }

    /// The title of its kind: a sentence for the person concerned if a rule of a service rejected a command.
    pub fn title(&self) -> &'static str {
        self.0.kind.title
    }

    /// An additional member, such as the limit that was reached.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.members.get(name)
    }

    /// The faults in the input.
    pub fn faults(&self) -> &[Fault] {
        &self.0.faults
    }

    /// The JSON document.
    pub(crate) fn document(&self) -> Value {
        let Content { kind, members, faults, .. } = &*self.0;
        let mut body = Map::new();
        body.insert("type".into(), format!("/problems/{}", kind.code).into());
        body.insert("title".into(), kind.title.into());
        body.insert("status".into(), kind.status.as_u16().into());
        body.insert("code".into(), kind.code.into());
        // Additional members never replace required members.
        for (name, value) in members {
            body.entry(name.as_str()).or_insert_with(|| value.clone());
        }
        if !faults.is_empty() {
            let errors = faults.iter().map(|fault| json!({"pointer": fault.pointer, "detail": fault.detail}));
            body.insert("errors".into(), errors.collect());
        }
        Value::Object(body)
    }

    /// The content of the page.
    pub(crate) fn page<'a>(&'a self, request_id: Option<&'a str>) -> ErrorPage<'a> {
        let Content { kind, members, faults, .. } = &*self.0;
        ErrorPage {
            status: kind.status,
            heading: error_page::heading(kind.status),
            title: kind.title,
            detail: members.get("detail").and_then(Value::as_str),
            advice: kind.advice,
            faults,
            request_id,
        }
    }
}

/// The response has the document as its body, so that a problem is complete without the middleware, and the problem as
/// an extension, from which the middleware makes the page.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, self.document().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.0.replayed {
            headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"frontdoor\""));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Rejected> for Problem {
    fn from(rejected: Rejected) -> Problem {
        let Rejected { rejection, details } = rejected;
        let problem = Problem::of(&rejection.into());
        details.into_iter().fold(problem, |problem, (name, value)| problem.with(&name, value))
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        match denied {
            Denied::NotYours => Problem::of(&NOT_YOURS),
            Denied::IdentityTooLow { level } => Problem::of(&IDENTITY_TOO_LOW).with("level", level),
        }
    }
}
