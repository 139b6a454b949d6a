//! Access checks for queries and pages, which read and decide nothing.

use async_trait::async_trait;
use event_core::{AccessRequest, AccessRule};

use crate::Problem;

/// Checks access rules on what is durable. The command engine implements it, because it reads the states by which rules
/// decide.
#[async_trait]
pub trait Gate: Send + Sync {
    /// # Errors
    /// The caller is not admitted, or the state that decides cannot be read.
    async fn admit(&self, rule: &dyn AccessRule, request: &AccessRequest) -> Result<(), Problem>;
}
