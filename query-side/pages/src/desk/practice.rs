//! The practice of the desk: the one for which the visitor works.

use event_core::OrganisationCode;
use http_edge::{Problem, problem_catalogue::NOT_YOURS};
use page_engine::{PageError, Visitor};

/// # Errors
/// If the visitor works for no practice.
pub fn practice_of(visitor: &Visitor) -> Result<OrganisationCode, PageError> {
    visitor.caller().organisation.clone().ok_or_else(|| Problem::of(&NOT_YOURS).into())
}
