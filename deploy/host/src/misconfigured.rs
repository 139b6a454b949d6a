//! Wrong configuration.

/// Wrong configuration, explained in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misconfigured(pub String);
