//! Read models: which rows an event belongs to, and what becomes of them. Pure: a folder for each service, and in it a
//! file for each read model.

mod catalogue;

mod appointments;
mod carers;
mod organ_donation;
mod practices;

#[cfg(test)]
mod spec;

pub use catalogue::every_read_model;

// The folder of each service says which of its types are public.
pub use appointments::*;
pub use carers::*;
pub use organ_donation::*;
pub use practices::*;
