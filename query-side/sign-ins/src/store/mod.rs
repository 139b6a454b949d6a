//! The table of sign-ins: its port (`port.rs`), and PostgreSQL and SQLite behind it.

mod port;
mod postgres;
mod sqlite;

use std::sync::Arc;

pub use port::{SealedDraft, SignIn, SignInStore};

use crate::error::SignInsError;

/// Opens (and creates if necessary) the table that belongs to the views at `sqlite:FILE` or `postgres://…`.
pub async fn open(views_url: &str) -> Result<Arc<dyn SignInStore>, SignInsError> {
    if let Some(file) = views_url.strip_prefix("sqlite:").filter(|file| !file.is_empty()) {
        return Ok(Arc::new(sqlite::SqliteSignIns::beside(file).await?));
    }
    if views_url.starts_with("postgres://") || views_url.starts_with("postgresql://") {
        return Ok(Arc::new(postgres::PgSignIns::open(views_url).await?));
    }
    // The address is not included, because it may contain a password.
    Err(SignInsError::Unusable("views are sqlite:FILE or postgres://…".into()))
}
