//! Where a person is registered.

use event_core::{OrganisationCode, Rejected, State};
use vocabulary::registrations::{PatientRegistered, RegistrationEvent};

use super::rejections::NOT_REGISTERED_HERE;

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

    /// # Errors
    /// `not-registered-here`.
    pub fn has_to_be_at(&self, practice: &OrganisationCode) -> Result<(), Rejected> {
        if self.practice() == Some(practice) { Ok(()) } else { Err((&NOT_REGISTERED_HERE).into()) }
    }
}
