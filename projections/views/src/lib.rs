//! The read models: the rows that an event belongs to, and the changes that it makes to them. Pure: a folder for each
//! service, and in it a file for each read model.

mod catalogue;

mod appointments;
mod carers;
mod contacts;
mod messages;
mod organ_donation;
mod practices;
mod prescriptions;
mod registrations;
mod symptom_checks;
mod vaccinations;

#[cfg(test)]
mod spec;

pub use catalogue::every_read_model;

// The folder of each service defines which of its types are public.
pub use appointments::*;
pub use carers::*;
pub use contacts::*;
pub use messages::*;
pub use organ_donation::*;
pub use practices::*;
pub use prescriptions::*;
pub use registrations::*;
pub use symptom_checks::*;
pub use vaccinations::*;
