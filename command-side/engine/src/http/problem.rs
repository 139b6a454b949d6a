//! RFC 9457 problems: how every no of the platform is said.

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use event_core::{Class, Denied, Rejected};
use serde_json::{Map, Value, json};

use super::IDEMPOTENCY_REPLAYED;
use crate::failure::{Failure, Fault};

/// After how many seconds a command may be sent again that met too many others, or a log that cannot be written.
const RETRY_AFTER_SECONDS: u32 = 1;

/// An answer that says no. Its `type` is `/problems/<code>`, which explains the code.
#[derive(Debug)]
pub struct Problem(Box<Content>);

#[derive(Debug)]
struct Content {
    status: StatusCode,
    code: &'static str,
    title: Cow<'static, str>,
    members: Map<String, Value>,
    faults: Vec<Fault>,
    retry_after: Option<u32>,
    replayed: bool,
}

impl Problem {
    /// `title`: one sentence for people.
    pub fn new(status: StatusCode, code: &'static str, title: impl Into<Cow<'static, str>>) -> Problem {
        let title = title.into();
        Problem(Box::new(Content {
            status,
            code,
            title,
            members: Map::new(),
            faults: vec![],
            retry_after: None,
            replayed: false,
        }))
    }

    /// `detail`: what is wrong in this case.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Problem {
        self.with("detail", detail.into())
    }

    /// A further member, in camelCase.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// A fault in what was sent, listed in `errors`.
    #[must_use]
    pub fn fault(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Problem {
        self.0.faults.push(Fault { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Problem {
        self.0.retry_after = Some(seconds);
        self
    }

    /// `Idempotency-Replayed`: this was the answer when the same command was first given.
    #[must_use]
    pub fn replayed(mut self) -> Problem {
        self.0.replayed = true;
        self
    }

    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    pub fn code(&self) -> &'static str {
        self.0.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Content { status, code, title, members, faults, retry_after, replayed } = *self.0;
        let mut body = Map::new();
        body.insert("type".into(), format!("/problems/{code}").into());
        body.insert("title".into(), title.into());
        body.insert("status".into(), status.as_u16().into());
        body.insert("code".into(), code.into());
        // What explains a case never replaces what a problem has to have.
        for (name, value) in members {
            body.entry(name).or_insert(value);
        }
        if !faults.is_empty() {
            let errors = faults.into_iter().map(|fault| json!({"pointer": fault.pointer, "detail": fault.detail}));
            body.insert("errors".into(), errors.collect());
        }
        let mut response = (status, Value::Object(body).to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if replayed {
            headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"frontdoor\""));
        }
        response
    }
}

/// The status of a rejection of this class.
pub const fn status_of(class: Class) -> StatusCode {
    match class {
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::Conflict => StatusCode::CONFLICT,
        Class::Gone => StatusCode::GONE,
        Class::Precondition => StatusCode::PRECONDITION_FAILED,
        Class::NotYours => StatusCode::FORBIDDEN,
        Class::Rule => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<Rejected> for Problem {
    fn from(rejected: Rejected) -> Problem {
        let Rejected { rejection, details } = rejected;
        let problem = Problem::new(status_of(rejection.class), rejection.code, rejection.title);
        details.into_iter().fold(problem, |problem, (name, value)| problem.with(&name, value))
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        match denied {
            Denied::NotYours => Problem::of("not-yours"),
            Denied::IdentityTooLow { level } => Problem::of("identity-too-low").with("level", format!("{level:?}")),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        match failure {
            Failure::UnknownCommand => Problem::of("unknown-command"),
            Failure::UnfitKey => Problem::of("idempotency-key"),
            Failure::Unreadable(fault) => Problem::of("malformed").fault(fault.pointer, fault.detail),
            Failure::TextTooLong(fault) => Problem::of("text-too-long").fault(fault.pointer, fault.detail),
            Failure::Denied(denied) => denied.into(),
            Failure::Rejected(rejected) => rejected.into(),
            Failure::RejectedBefore(rejected) => Problem::from(rejected).replayed(),
            Failure::KeyReused => Problem::of("key-reused"),
            Failure::StreamFull => Problem::of("stream-full"),
            Failure::Contended => Problem::of("contended").retry_after(RETRY_AFTER_SECONDS),
            Failure::Overloaded => Problem::of("overloaded").retry_after(RETRY_AFTER_SECONDS),
            Failure::Unavailable => Problem::of("log-unavailable").retry_after(RETRY_AFTER_SECONDS),
            Failure::Broken => Problem::of("internal"),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
