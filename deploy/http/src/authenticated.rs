//! The caller, from the request's token.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use event_core::Caller;

use crate::{Problem, Tokens, problem_catalogue::UNAUTHENTICATED};

/// The authenticated caller. A request without a valid token is answered 401 before any other check.
#[derive(Debug, Clone)]
pub struct Authenticated(pub Caller);

impl Authenticated {
    /// # Errors
    /// `unauthenticated` unless there is exactly one token and it is valid.
    pub async fn by(headers: &HeaderMap, tokens: &Tokens) -> Result<Authenticated, Problem> {
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(header), None) = (given.next(), given.next()) else {
            return Err(Problem::of(&UNAUTHENTICATED));
        };
        let token = header.to_str().ok().and_then(|text| text.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        match token {
            Some(token) => tokens.caller(token).await.map(Authenticated),
            None => None,
        }
        .ok_or_else(|| Problem::of(&UNAUTHENTICATED))
    }
}

impl<S> FromRequestParts<S> for Authenticated
where
    S: Send + Sync,
    Tokens: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Authenticated::by(&parts.headers, &Tokens::from_ref(state)).await
    }
}
