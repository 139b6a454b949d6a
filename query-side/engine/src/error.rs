//! The reasons why a query has no answer, and their HTTP responses: refused by a rule, unreadable, late, or broken. The
//! cause of a broken query is logged here, once, and is never sent to the caller.

use axum::response::{IntoResponse, Response};
use event_core::{Class, Rejected, Rejection};
use event_log::LogError;
use http_edge::{
    Problem,
    problem_catalogue::{INTERNAL, MALFORMED, VIEW_BEHIND, VIEW_UNAVAILABLE},
};
use projection_engine::ViewsError;

use crate::parameters::Faulty;

/// The seconds after which a caller may try again if a view or the log cannot be read.
const RETRY_AFTER_SECONDS: u32 = 1;

pub static UNKNOWN_POSITION: Rejection = Rejection {
    code: "unknown-position",
    class: Class::Conflict,
    title: "The log has not come to this position.",
    advice: "Use a position that an answer of this installation gave.",
};

/// The reason why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error("a parameter cannot be read: {0}")]
    Parameter(#[from] Faulty),
    #[error("the position is beyond the end of the log")]
    UnknownPosition,
    #[error("the view has not come to the position that was asked for")]
    Behind,
    #[error("refused: {}", .0.rejection.code)]
    Rejected(Rejected),
    #[error("not admitted")]
    Gate(Problem),
    #[error("a view could not be read")]
    Views(#[from] ViewsError),
    #[error("the log could not be read")]
    Log(#[from] LogError),
    #[error("the keys of persons cannot be fetched now")]
    KeysUnreachable,
    #[error("what is stored does not read: {0}")]
    Broken(String),
}

impl From<&'static Rejection> for QueryError {
    fn from(rejection: &'static Rejection) -> QueryError {
        QueryError::Rejected(rejection.into())
    }
}

impl QueryError {
    /// For the metric: refused by a rule or the gate, unreadable, or broken.
    pub fn outcome(&self) -> &'static str {
        match self {
            QueryError::Parameter(_) => "unreadable",
            QueryError::UnknownPosition | QueryError::Rejected(_) | QueryError::Gate(_) => "refused",
            QueryError::Behind => "late",
            QueryError::Views(_) | QueryError::Log(_) | QueryError::KeysUnreachable | QueryError::Broken(_) => "broken",
        }
    }
}

impl IntoResponse for QueryError {
    fn into_response(self) -> Response {
        Problem::from(&self).into_response()
    }
}

/// The problem of an answer. The cause of a broken query is logged here, so it is made once for each answer.
impl From<&QueryError> for Problem {
    fn from(error: &QueryError) -> Problem {
        let broken = |cause: &dyn std::error::Error| {
            tracing::error!(error = %cause, "a query could not be answered");
        };
        match error {
            QueryError::Parameter(fault) => {
                Problem::of(&MALFORMED).fault(format!("/{}", fault.parameter), fault.detail.clone())
            }
            QueryError::UnknownPosition => Problem::from(Rejected::from(&UNKNOWN_POSITION)),
            QueryError::Behind => Problem::of(&VIEW_BEHIND).retry_after(RETRY_AFTER_SECONDS),
            QueryError::Rejected(rejected) => rejected.clone().into(),
            QueryError::Gate(problem) => problem.clone(),
            QueryError::Views(cause) => {
                broken(cause);
                unavailable()
            }
            QueryError::Log(cause) => {
                broken(cause);
                unavailable()
            }
            QueryError::KeysUnreachable => {
                tracing::warn!("a query was not answered: the keys of persons cannot be fetched now");
                unavailable()
            }
            QueryError::Broken(cause) => {
                tracing::error!(error = cause, "a query could not be answered");
                Problem::of(&INTERNAL)
            }
        }
    }
}

fn unavailable() -> Problem {
    Problem::of(&VIEW_UNAVAILABLE).retry_after(RETRY_AFTER_SECONDS)
}
