//! Every command, once.

use crate::{Command, appointments, organ_donation, practices, registrations};

/// Does something with the type of each command.
pub trait Visitor {
    fn visit<C: Command>(&mut self);
}

/// A new service is one line here; a new command is one line in its service's `commands!`.
pub fn every_command(visitor: &mut impl Visitor) {
    practices::commands(visitor);
    registrations::commands(visitor);
    appointments::commands(visitor);
    organ_donation::commands(visitor);
}

/// The commands of a service: `file::Type`. The files are declared beside it, because rustfmt does not see a `mod` that
/// a macro writes.
macro_rules! commands {
    ($($file:ident::$command:ident,)+) => {
        $(pub use $file::$command;)+

        /// Visits every command of this service.
        pub fn commands(visitor: &mut impl $crate::Visitor) {
            $(visitor.visit::<$command>();)+
        }
    };
}
pub(crate) use commands;
