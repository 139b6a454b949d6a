//! The person whom a page concerns: the visitor, or a patient of the practice for which the visitor works. The same
//! pages serve both; those of the desk have the patient in their address. A visitor without an account has to sign in first.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use event_core::SubjectId;
use http_edge::{Problem, problem_catalogue::NOT_YOURS};
use page_engine::{PageError, Visitor, to_sign_in};
use vocabulary::access::{anonymous_of, patient_of};

/// The beginning of the addresses that concern a patient of the desk.
pub const DESK: &str = "/desk/patients/{subject}";

/// The person concerned, and the beginning of the addresses of this person's pages.
#[derive(Debug, Clone)]
pub struct Concerned {
    pub subject: SubjectId,
    pub base: String,
}

impl Concerned {
    /// True if the visitor acts for a patient of the practice.
    pub fn is_by_desk(&self) -> bool {
        !self.base.is_empty()
    }

    /// The address of the pages that book a vaccination.
    pub fn vaccination_booking(&self) -> String {
        format!("{}/vaccinations/book", self.base)
    }
}

/// The path of a page up to the patient: `/desk/patients/P`, or `/desk/visits/S/T/P` for a visitor of the site.
fn base_of<'a>(path: &'a str, patient: &str) -> Option<&'a str> {
    let begins = path.find(patient)?;
    path.get(..begins + patient.len())
}

impl<S: Send + Sync> FromRequestParts<S> for Concerned {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Concerned, PageError> {
        let visitor = <Visitor as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        if anonymous_of(visitor.caller()).is_some() {
            return Err(to_sign_in(&visitor.address).into());
        }
        let path = RawPathParams::from_request_parts(parts, state).await.ok();
        let named = path.as_ref().and_then(|path| path.iter().find(|(name, _)| *name == "subject"));
        let concerned = match named {
            Some((_, named)) => {
                let base = base_of(parts.uri.path(), named).map(str::to_owned);
                named.parse().ok().zip(base).map(|(subject, base)| Concerned { subject, base })
            }
            None => patient_of(visitor.caller()).map(|subject| Concerned { subject, base: String::new() }),
        };
        concerned.ok_or_else(|| Problem::of(&NOT_YOURS).into())
    }
}
