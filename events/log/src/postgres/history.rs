//! The history of a log in PostgreSQL, compared on each new connection.

use sqlx::PgConnection;
use uuid::Uuid;

use super::rows::signed;
use crate::history::SeenHistory;

/// Checks that the log still holds the last event that was seen. One lookup in the primary key.
///
/// # Errors
/// The database's error.
pub(super) async fn compare(connection: &mut PgConnection, history: &SeenHistory) -> Result<(), sqlx::Error> {
    let seen = history.seen();
    let Some((position, id)) = seen.last else { return Ok(()) };
    let query = sqlx::query_scalar(include_str!("../../sql/postgres/id_at.sql")).bind(signed(position));
    let there: Option<Uuid> = query.fetch_optional(connection).await?;
    if there != Some(id) {
        tracing::warn!(position, "the log has another history than was seen here: it was restored, or has lost events");
        history.lost(seen);
    }
    Ok(())
}
