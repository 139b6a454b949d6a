//! The event log: append under conditions, read by stream and by position, follow. One contract for every store.
//!
//! `Log` is group commit over a `store`: SQLite or PostgreSQL. It does not interpret commands or the content of events:
//! data is exact bytes.

mod columns;
#[cfg(feature = "contract")]
pub mod contract;
mod copied;
pub mod copy;
mod end;
mod evaluate;
pub mod feed;
mod from_log;
mod group_commit;
pub mod history;
pub mod lease;
mod log;
mod options;
mod outcomes;
mod page;
pub mod port;
pub mod postgres;
mod shared_feed;
pub mod sqlite;
pub mod store;
mod ticket_outcomes;
mod validate;
mod write_fault;

pub use from_log::FromLog;
pub use log::{Log, PendingOutcome, Submission};
pub use options::{LogOptions, REMEMBER};
pub use page::{EventPage, StreamPage};
pub use port::{
    Append, Condition, Expected, Granted, Idempotency, LogError, NewEvent, Provenance, Refused, Stored, StreamEvent,
    Ticket,
};
pub use shared_feed::SharedFeed;
pub use write_fault::WriteFault;
