//! The rules of the health service: one folder a service, one file a command, one file a state. Pure: the clock, the
//! caller and new ids come in as data; nothing here waits, reads or writes.

pub mod access;
pub mod catalogue;
pub mod command;
pub mod daily;
pub mod rejection;
pub mod state;

pub mod appointments;
pub mod organ_donation;
pub mod practices;
pub mod registrations;

/// Imports that most command files use.
pub(crate) mod prelude {
    pub use schemars::JsonSchema;
    pub use serde::Deserialize;

    pub use crate::{
        Access, Capability, Command, Context, Decision, Permission, Rejected, Rejection, States, Stream, Streams,
        access::{operator, patient, proxy, staff},
        nothing_new, record,
    };
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod spec;

pub use access::{Access, Caller, Capability, Permission};
pub use catalogue::{Visitor, every_command};
pub use command::{Command, Context, Decision, States, Streams, nothing_new, record};
pub use rejection::{Class, Rejected, Rejection};
pub use state::{Reads, State, Stream};
