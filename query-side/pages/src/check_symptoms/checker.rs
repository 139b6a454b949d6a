//! The person that checks symptoms: a patient, or a visitor without an account.

use axum::{extract::FromRequestParts, http::request::Parts};
use event_core::SubjectId;
use http_edge::{Problem, problem_catalogue::NOT_YOURS};
use page_engine::{PageError, Visitor};
use vocabulary::access::{anonymous_of, patient_of};

#[derive(Debug, Clone, Copy)]
pub struct Checker {
    pub subject: SubjectId,
    /// True without an account.
    pub is_anonymous: bool,
}

impl Checker {
    /// # Errors
    /// `not-yours` if the visitor is of the staff, an operator or an auditor.
    pub fn of(visitor: &Visitor) -> Result<Checker, Problem> {
        let (patient, anonymous) = (patient_of(visitor.caller()), anonymous_of(visitor.caller()));
        let subject = patient.or(anonymous).ok_or_else(|| Problem::of(&NOT_YOURS))?;
        Ok(Checker { subject, is_anonymous: anonymous.is_some() })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Checker {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Checker, PageError> {
        let visitor = <Visitor as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(Checker::of(&visitor)?)
    }
}
