//! The answer to a command.

use event_core::LogPosition;
use event_log::Stored;

/// A command that was granted; everything in it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The position that a view has to reach to show the result: that of the last event or, if nothing was stored, the
    /// highest position that was read.
    pub position: LogPosition,
    pub events: Vec<Stored>,
    /// True if the same command was granted before: this is the answer that was given then.
    pub replayed: bool,
}
