//! The answer to a command.

use event_core::LogPosition;
use event_log::Stored;

/// A command that was granted; everything in it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// A view that has come here shows it. Of the last event, or the highest that was read where nothing was stored.
    pub position: LogPosition,
    pub events: Vec<Stored>,
    /// The same command was granted before; this is what was answered then.
    pub replayed: bool,
}
