//! The port by which pages give commands.

use async_trait::async_trait;
use bytes::Bytes;
use event_core::{Caller, LogPosition};
use uuid::Uuid;

use crate::Problem;

/// A command that a page gives on behalf of a caller.
#[derive(Debug, Clone)]
pub struct PageCommand {
    /// Its name in the catalogue of commands.
    pub name: &'static str,
    /// Its JSON, read as strictly as a request's body.
    pub body: Bytes,
    pub caller: Caller,
    /// 16 to 128 visible ASCII characters. A repeat with the same key has the same outcome.
    pub idempotency_key: Box<str>,
    pub correlation: Option<Uuid>,
    /// The trace context of the request (W3C `traceparent`).
    pub trace: Option<Box<str>>,
}

/// The outcome of a granted command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandGranted {
    /// The position that a view has to reach to show the result.
    pub position: LogPosition,
    /// True if the command was granted before, with the same key.
    pub replayed: bool,
}

/// Gives commands. The command engine implements it, so that pages and `POST /commands/{name}` have one gate and one set
/// of rules.
#[async_trait]
pub trait Commands: Send + Sync {
    /// # Errors
    /// If the command is not granted; nothing was stored then.
    async fn give(&self, command: PageCommand) -> Result<CommandGranted, Problem>;
}
