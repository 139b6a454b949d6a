//! The form of errors: every answer with an error status becomes a problem, as JSON or as a page. This happens here
//! only.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    ErrorLayout, Problem,
    negotiation::prefers_html,
    problem::PROBLEM_JSON,
    problem_catalogue::{
        INTERNAL, MALFORMED, METHOD_NOT_ALLOWED, NOT_FOUND, ProblemType, REQUEST_TIMEOUT, TOO_LARGE,
        UNSUPPORTED_MEDIA_TYPE,
    },
};

/// The value of `Vary`.
const ACCEPT: HeaderValue = HeaderValue::from_static("Accept");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Style sheets and images of this server, for use by a layout, and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The form of an error in answer to one request. `Accept` is parsed only if there is an error.
pub struct ErrorForm {
    accept: Vec<HeaderValue>,
    layout: ErrorLayout,
    request_id: Option<HeaderValue>,
}

impl ErrorForm {
    pub fn new(headers: &HeaderMap, layout: ErrorLayout) -> ErrorForm {
        ErrorForm { accept: headers.get_all(header::ACCEPT).iter().cloned().collect(), layout, request_id: None }
    }

    /// Sets the id that pages show. It must be valid, because it comes from the client.
    #[must_use]
    pub fn with_request_id(self, request_id: Option<&HeaderValue>) -> ErrorForm {
        ErrorForm { request_id: request_id.cloned(), ..self }
    }

    /// The answer, in this form if it is an error. HTML that a route produced itself, such as a form with its faults,
    /// is not changed.
    pub fn applied_to(&self, response: Response) -> Response {
        let status = response.status();
        if !(status.is_client_error() || status.is_server_error()) || is_html(response.headers()) {
            return response;
        }
        let mut response = as_problem(response);
        // Avoids a duplicate if routes with this middleware are merged into other routes with it.
        if !response.headers().get_all(header::VARY).iter().any(|varies| varies == ACCEPT) {
            response.headers_mut().append(header::VARY, ACCEPT);
        }
        match response.extensions_mut().remove::<Problem>() {
            Some(problem) if prefers_html(&self.accept) => self.page(response, &problem),
            _ => response,
        }
    }

    /// Keeps all headers except those of the document.
    fn page(&self, response: Response, problem: &Problem) -> Response {
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        // A route may have compressed the document.
        parts.headers.remove(header::CONTENT_ENCODING);
        parts.headers.insert(header::CONTENT_TYPE, HTML);
        parts.headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
        let request_id = self.request_id.as_ref().and_then(|id| id.to_str().ok());
        Response::from_parts(parts, Body::from((self.layout)(&problem.page(request_id))))
    }
}

fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("text/html"))
}

/// Errors of the web framework (no such route, wrong method, too large) are plain texts; they become problems here, and
/// keep their other headers (`Allow`).
fn as_problem(response: Response) -> Response {
    if response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON) {
        return response;
    }
    let (mut plain, _) = response.into_parts();
    plain.headers.remove(header::CONTENT_TYPE);
    plain.headers.remove(header::CONTENT_LENGTH);
    plain.headers.remove(header::CONTENT_ENCODING);
    let mut answer = Problem::of(&kind_of(plain.status)).into_response();
    for (name, value) in answer.headers() {
        plain.headers.entry(name).or_insert_with(|| value.clone());
    }
    *answer.headers_mut() = plain.headers;
    answer
}

fn kind_of(status: StatusCode) -> ProblemType {
    match status {
        StatusCode::NOT_FOUND => NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED => METHOD_NOT_ALLOWED,
        StatusCode::REQUEST_TIMEOUT => REQUEST_TIMEOUT,
        StatusCode::PAYLOAD_TOO_LARGE => TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => UNSUPPORTED_MEDIA_TYPE,
        // 400, 431 and similar errors keep their status.
        status if status.is_client_error() => ProblemType { status, ..MALFORMED },
        status => ProblemType { status, ..INTERNAL },
    }
}
