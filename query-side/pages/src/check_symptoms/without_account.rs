//! The begin of a visit without an account. The visitor gets a subject id of their own, which no registration has.

use std::{sync::Arc, time::Instant};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use event_core::{Caller, Issuer, SubjectId};
use http_edge::{Problem, problem_catalogue::INTERNAL};
use page_engine::{Guest, PageError, Pages, is_own_page, see_other};
use uuid::Uuid;
use vocabulary::access::CallerRole;

use super::visit_limit::VisitLimit;

/// The issuer of visitors without an account: these pages. No token is of it.
const ISSUER: &str = "urn:frontdoor:pages";
const NEXT: &str = "/check-symptoms/start";

/// Begins a visit. The form has no token, because a token belongs to a sign-in; the header `Origin` shows that a page of this server has
/// sent it.
///
/// # Errors
/// If the form is not one of this server's, too many visits begin, or the visit cannot be stored.
pub async fn begin(
    State(pages): State<Pages>,
    Extension(limit): Extension<Arc<VisitLimit>>,
    Guest(visitor): Guest,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    is_own_page(&headers)?;
    if visitor.is_some() {
        return Ok(see_other(NEXT));
    }
    limit.take(Instant::now())?;
    let caller = visitor_without_account().ok_or_else(|| Problem::of(&INTERNAL))?;
    let cookie = pages.sign_ins.begin(&headers, &caller, "Not signed in", &[]).await?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, NEXT)], [(header::SET_COOKIE, cookie)]).into_response())
}

/// A new caller. `None` only if the issuer were no issuer.
fn visitor_without_account() -> Option<Caller> {
    let subject = SubjectId::new(Uuid::new_v4()).ok()?;
    Some(Caller {
        issuer: ISSUER.parse::<Issuer>().ok()?,
        id: subject.to_string().into(),
        role: CallerRole::Anonymous.into(),
        permissions: Vec::new(),
        organisation: None,
        level: None,
    })
}

#[cfg(test)]
mod tests {
    use vocabulary::access::{anonymous_of, patient_of};

    use super::*;

    #[test]
    fn each_visitor_is_another_person_without_an_account() {
        let (one, other) = (visitor_without_account().expect("a caller"), visitor_without_account().expect("a caller"));
        assert!(anonymous_of(&one).is_some() && anonymous_of(&one) != anonymous_of(&other));
        assert_eq!(patient_of(&one), None);
    }
}
