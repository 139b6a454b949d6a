//! The policies: which commands follow from which events, at once or later. Pure: a folder for each service, and in it a
//! file for each policy.

mod catalogue;

pub mod appointments;
pub mod messages;
pub mod prescriptions;
pub mod symptom_checks;
pub mod vaccinations;

#[cfg(test)]
mod runner;
#[cfg(test)]
mod spec;

pub use catalogue::{every_gateway, every_policy};
