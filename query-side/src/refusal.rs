//! Why a query has no answer, and how that is said: refused by a rule, unreadable, late, or broken. What is broken is
//! written to our log here, once, and its cause is never told to the caller.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use command_engine::{
    Failure,
    http::{Explained, Problem},
};
use event_core::{Class, Rejected, Rejection, personal::CannotOpen};
use event_log::LogError;
use projection_engine::ViewsError;

use crate::parameters::Faulty;

/// After how many seconds a caller may come again when a view or the log cannot be read.
const RETRY_AFTER_SECONDS: u32 = 1;

pub static UNKNOWN_POSITION: Rejection = Rejection {
    code: "unknown-position",
    class: Class::Conflict,
    title: "The log has not come to this position.",
    advice: "Use a position that an answer of this installation gave.",
};
pub static RANGE_TOO_LONG: Rejection = Rejection {
    code: "range-too-long",
    class: Class::Rule,
    title: "The range of days is too long.",
    advice: "Ask for 14 days at most, and for the days after them with another request.",
};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("a parameter cannot be read: {0}")]
    Parameter(#[from] Faulty),
    #[error("the position is beyond the end of the log")]
    UnknownPosition,
    #[error("the view has not come to the position that was asked for")]
    Behind,
    #[error("refused: {}", .0.rejection.code)]
    Rejected(Rejected),
    #[error("not admitted")]
    Gate(Failure),
    #[error("a view could not be read")]
    Views(#[from] ViewsError),
    #[error("the log could not be read")]
    Log(#[from] LogError),
    #[error("what is stored does not read: {0}")]
    Broken(String),
}

impl From<&'static Rejection> for Refusal {
    fn from(rejection: &'static Rejection) -> Refusal {
        Refusal::Rejected(rejection.into())
    }
}

impl From<CannotOpen> for Refusal {
    fn from(cause: CannotOpen) -> Refusal {
        Refusal::Broken(cause.to_string())
    }
}

impl Refusal {
    /// For the metric: refused by a rule or the gate, unreadable, or broken.
    pub fn outcome(&self) -> &'static str {
        match self {
            Refusal::Parameter(_) => "unreadable",
            Refusal::UnknownPosition | Refusal::Rejected(_) | Refusal::Gate(_) => "refused",
            Refusal::Behind => "late",
            Refusal::Views(_) | Refusal::Log(_) | Refusal::Broken(_) => "broken",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let broken = |cause: &dyn std::error::Error| {
            tracing::error!(error = %cause, "a query could not be answered");
        };
        match self {
            Refusal::Parameter(fault) => {
                Problem::new(StatusCode::BAD_REQUEST, "malformed", "The request could not be read.")
                    .fault(format!("/{}", fault.parameter), fault.detail)
            }
            Refusal::UnknownPosition => Problem::from(Rejected::from(&UNKNOWN_POSITION)),
            Refusal::Behind => Problem::new(StatusCode::GATEWAY_TIMEOUT, VIEW_BEHIND, VIEW_BEHIND_TITLE)
                .retry_after(RETRY_AFTER_SECONDS),
            Refusal::Rejected(rejected) => rejected.into(),
            Refusal::Gate(failure) => failure.into(),
            Refusal::Views(cause) => {
                broken(&cause);
                unavailable()
            }
            Refusal::Log(cause) => {
                broken(&cause);
                unavailable()
            }
            Refusal::Broken(cause) => {
                tracing::error!(error = cause, "a query could not be answered");
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side.")
            }
        }
        .into_response()
    }
}

fn unavailable() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, VIEW_UNAVAILABLE, VIEW_UNAVAILABLE_TITLE)
        .retry_after(RETRY_AFTER_SECONDS)
}

const VIEW_BEHIND: &str = "view-behind";
const VIEW_BEHIND_TITLE: &str = "The view has not come as far as was asked for, in time.";
const VIEW_UNAVAILABLE: &str = "view-unavailable";
const VIEW_UNAVAILABLE_TITLE: &str = "The view cannot be read now.";

/// What the problems mean that queries answer, beside those of any request.
pub fn explained() -> Vec<Explained> {
    let own = |code: &'static str, status: u16, title: &'static str, advice: &'static str| Explained {
        code: code.into(),
        status,
        title: title.into(),
        advice: advice.into(),
    };
    vec![
        (&UNKNOWN_POSITION).into(),
        (&RANGE_TOO_LONG).into(),
        own(
            VIEW_BEHIND,
            504,
            VIEW_BEHIND_TITLE,
            "Ask again, or without `strict`: then the answer says that it is stale.",
        ),
        own(VIEW_UNAVAILABLE, 503, VIEW_UNAVAILABLE_TITLE, "Ask again after the time that Retry-After names."),
    ]
}
