//! Registration: who is a patient of which practice. Stream `registration-<subject>`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    event::events,
    ids::{OdsCode, SubjectId},
    personal::Personal,
    text::{BirthDate, NhsNumber, PersonName},
};

events! {
    /// What happens to a person's registration.
    RegistrationEvent of "registration" on "registration" by (subject) {
        Registered(PatientRegistered) = "registration.registered.v1",
    }
}

/// A person was registered as a patient of a practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatientRegistered {
    pub subject: SubjectId,
    pub practice: OdsCode,
    pub name: Personal<PersonName>,
    pub nhs_number: Personal<NhsNumber>,
    pub born_on: Personal<BirthDate>,
}
