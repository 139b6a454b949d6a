//! The reason why a page is not shown: a problem, or another place to go.

use axum::response::{IntoResponse, Response};
use http_edge::Problem;
use query_engine::QueryError;

/// The answer in place of a page. A problem becomes an error page in the middleware, which knows the layout.
pub struct PageError(Box<Response>);

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl From<Response> for PageError {
    fn from(response: Response) -> PageError {
        PageError(Box::new(response))
    }
}

impl From<Problem> for PageError {
    fn from(problem: Problem) -> PageError {
        problem.into_response().into()
    }
}

impl From<QueryError> for PageError {
    fn from(error: QueryError) -> PageError {
        Problem::from(&error).into()
    }
}

/// A template that does not render is a bug.
impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> PageError {
        tracing::error!(%error, "a page could not be rendered");
        Problem::of(&http_edge::problem_catalogue::INTERNAL).into()
    }
}
