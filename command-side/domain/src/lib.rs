//! The rules of the health service: a folder for each service, and a file for each command and state. Pure: the clock,
//! the caller and new ids are passed in as data. Nothing here waits or does I/O.

pub mod daily;

pub mod appointments;
pub mod carers;
pub mod contacts;
pub mod messages;
pub mod organ_donation;
pub mod practices;
pub mod prescriptions;
pub mod registrations;
pub mod symptom_checks;
pub mod vaccinations;

pub(crate) mod prelude;

#[cfg(test)]
mod histories;
#[cfg(test)]
mod spec;

use event_core::CommandVisitor;

/// A new service is one line here; a new command is one line in its service's `commands!`.
pub fn every_command(visitor: &mut impl CommandVisitor) {
    practices::commands(visitor);
    prescriptions::commands(visitor);
    registrations::commands(visitor);
    appointments::commands(visitor);
    organ_donation::commands(visitor);
    carers::commands(visitor);
    contacts::commands(visitor);
    messages::commands(visitor);
    symptom_checks::commands(visitor);
    vaccinations::commands(visitor);
}
