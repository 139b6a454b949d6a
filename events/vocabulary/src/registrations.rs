//! Registrations of patients at practices. Stream `registration-<subject>`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{BirthDate, NhsNumber, PersonName};
use event_core::{OrganisationCode, Personal, Service, State, SubjectId, events};

pub static SERVICE: Service = Service { name: "registrations", categories: &[RegistrationEvent::ABOUT] };

events! {
    /// The events of a person's registration.
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

/// The practice at which a person is registered, from the events of their registration. Access to their data depends on
/// it.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Registration {
    #[default]
    Unregistered,
    At(Box<PatientRegistered>),
}

impl State for Registration {
    type Event = RegistrationEvent;

    fn evolve(&mut self, event: &RegistrationEvent) {
        match event {
            RegistrationEvent::Registered(registered) => *self = Registration::At(Box::new(registered.clone())),
        }
    }
}

impl Registration {
    pub fn practice(&self) -> Option<&OrganisationCode> {
        match self {
            Registration::Unregistered => None,
            Registration::At(registered) => Some(&registered.practice),
        }
    }
}
