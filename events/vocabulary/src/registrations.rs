//! Registration: who is a patient of which practice. Stream `registration-<subject>`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{BirthDate, NhsNumber, PersonName};
use event_core::{OrganisationCode, Personal, Service, SubjectId, events};

pub static SERVICE: Service = Service { name: "registrations", categories: &[RegistrationEvent::ABOUT] };

events! {
    /// What happens to a person's registration.
    RegistrationEvent of SERVICE as "registration" on "registration" by (subject) {
        Registered(PatientRegistered) = "registration.registered.v1",
    }
}

/// A person was registered as a patient of a practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatientRegistered {
    pub subject: SubjectId,
    pub practice: OrganisationCode,
    pub name: Personal<PersonName>,
    pub nhs_number: Personal<NhsNumber>,
    pub born_on: Personal<BirthDate>,
}
