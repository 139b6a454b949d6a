//! The engine of the policies: it follows the log, saves the commands that follow from each event together with the
//! policy's checkpoint in one transaction, and gives them when they are due. Nothing in it is specific to a service.
//!
//! A command that follows from an event is a row, a *pending reaction*, until it is done. Its idempotency key is made from
//! the event's id and its place, so giving it again after a crash has one effect.
//!
//! A gateway is run in the same way. Its rows are its ledger: deliveries to another system, which receives each at least
//! once, with an id by which it recognises repeats.

mod deliver;
mod give;
mod owner;
mod policies;
mod policy;
mod react;
mod status;
mod store;

pub use deliver::{DeliveryFault, OutgoingDelivery, Receiver};
pub use policies::{Policies, PolicyOptions};
pub use policy::{PolicyEntry, entries};
pub use status::{PolicyState, PolicyStatus};
pub use store::{HeldReaction, PolicyHold, ReactionId, postgres};

/// The reason why policies could not be opened, followed, or changed.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    #[error("{0}")]
    Unusable(String),
    #[error("there is no policy {0}")]
    Unknown(String),
    #[error("another process has taken over this policy")]
    Superseded,
    #[error("the policies' tables could not be read or written: {}", event_log::sqlite::explain(.0))]
    Store(#[from] sqlx::Error),
    #[error("{0}")]
    Log(#[from] event_log::LogError),
}
