//! The rules of the health service: one folder a service, one file a command, one file a state. Pure: the clock, the
//! caller and new ids come in as data; nothing here waits, reads or writes.

pub mod daily;

pub mod appointments;
pub mod carers;
pub mod organ_donation;
pub mod practices;
pub mod registrations;

/// Imports that most command files use.
pub(crate) mod prelude {
    pub use event_core::{
        AccessRule, Command, Context, Decision, Rejected, Rejection, States, Stream, Streams, nothing_new, record,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};

    pub use vocabulary::access::{
        Capability,
        IdentityLevel::{P0, P9},
        Permission, operator, patient, proxy, staff,
    };
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod spec;

use event_core::CommandVisitor;

/// A new service is one line here; a new command is one line in its service's `commands!`.
pub fn every_command(visitor: &mut impl CommandVisitor) {
    practices::commands(visitor);
    registrations::commands(visitor);
    appointments::commands(visitor);
    organ_donation::commands(visitor);
    carers::commands(visitor);
}
