//! The policies: which commands follow from which events, at once or later. Pure: a folder for each service, and in it a
//! file for each policy.

mod catalogue;

#[cfg(test)]
mod spec;

pub use catalogue::every_policy;
