//! The policies' tables in the log's database: their port (`port.rs`), and PostgreSQL and SQLite behind it.

mod port;
pub mod postgres;
mod sqlite;

use std::{path::Path, sync::Arc};

pub use port::{HeldReaction, OwnedPolicy, PendingReaction, PolicyHold, PolicyStore, ReactionId, Settled};

use crate::PoliciesError;

/// Opens the tables beside the logs at `sqlite:DIR` (a file of its own in the folder, created if it is missing) or
/// `postgres://…` (a schema that has been migrated).
pub async fn open(log_url: &str) -> Result<Arc<dyn PolicyStore>, PoliciesError> {
    if let Some(folder) = log_url.strip_prefix("sqlite:").filter(|folder| !folder.is_empty()) {
        return Ok(Arc::new(sqlite::SqlitePolicies::in_folder(Path::new(folder)).await?));
    }
    if log_url.starts_with("postgres://") || log_url.starts_with("postgresql://") {
        return Ok(Arc::new(postgres::PgPolicies::open(log_url).await?));
    }
    // The address is not included, because it may contain a password.
    Err(PoliciesError::Unusable("a log is sqlite:DIR or postgres://…".into()))
}
