//! Access checks for queries and pages, which read and do not decide.

use async_trait::async_trait;
use event_core::{AccessRequest, AccessRule};

use crate::Problem;

/// Checks access rules against durable state. The command engine implements it, because it can read the states that
/// rules depend on.
#[async_trait]
pub trait Gate: Send + Sync {
    /// # Errors
    /// If the caller is not admitted, or the state that decides cannot be read.
    async fn admit(&self, rule: &dyn AccessRule, request: &AccessRequest) -> Result<(), Problem>;
}
