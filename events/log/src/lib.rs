//! The event log: append under conditions, read by stream and by position, follow. One contract for every store.

pub mod feed;
mod log;
pub mod port;

pub use log::{Log, LogOptions, Outcome, Submission};
pub use port::{
    Append, Condition, Expected, Granted, Idempotency, LogError, NewEvent, Provenance, Refused, Stored, Ticket,
};
