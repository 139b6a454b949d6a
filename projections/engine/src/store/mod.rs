//! The views' database: the ports (`port.rs`), and PostgreSQL and SQLite behind them.

mod group_save;
#[cfg(test)]
mod laws;
mod port;
mod postgres;
mod sqlite;

pub use postgres::SCHEMA_VERSION as SCHEMA_VERSION_POSTGRES;
pub use sqlite::SCHEMA_VERSION as SCHEMA_VERSION_SQLITE;

use std::sync::Arc;

pub use port::{
    Build, BuildRecord, CheckpointAdvance, FoundRow, LEASE, Listener, ModelKey, OwnedBuild, PeerAdvance,
    PeerNotification, RowStore, SharedViews, Store, follow_role, rebuild_role,
};

use crate::ViewsError;

/// Opens (and creates if necessary) the views' database at `sqlite:FILE` or `postgres://…`.
pub async fn open(url: &str) -> Result<Store, ViewsError> {
    if let Some(file) = url.strip_prefix("sqlite:").filter(|file| !file.is_empty()) {
        let views = Arc::new(sqlite::SqliteViews::open(file).await?);
        let tasks = vec![views.checkpointing()];
        return Ok(Store { rows: views.clone(), builds: views, shared: None, tasks });
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let views = Arc::new(postgres::PgViews::open(url).await?);
        return Ok(Store { rows: views.clone(), builds: views.clone(), shared: Some(views), tasks: Vec::new() });
    }
    // The address is not included, because it may contain a password.
    Err(ViewsError::Unusable("views are sqlite:FILE or postgres://…".into()))
}
