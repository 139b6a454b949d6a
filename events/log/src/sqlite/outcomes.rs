//! The outcomes of earlier commands: stored events, and remembered decisions without events.

use event_core::envelope::Hash;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{insert::digits, rows};
use crate::{
    evaluate::Repeats,
    outcomes::{add_stored, of_remembered},
    port::LogError,
    store::Remembered,
};

/// The outcomes of the appends with these keys.
pub(super) async fn outcomes(connection: &mut SqliteConnection, keys: String) -> Result<Repeats, LogError> {
    let mut found = remembered(connection, &keys).await?;
    let query = sqlx::query(include_str!("../../sql/sqlite/outcomes.sql")).bind(keys);
    let rows = query.fetch_all(connection).await?;
    add_stored(&mut found, rows.iter().map(rows::outcome))?;
    Ok(found)
}

/// The remembered decisions without events for these keys.
pub(super) async fn remembered(connection: &mut SqliteConnection, keys: &str) -> Result<Repeats, LogError> {
    let query = sqlx::query(include_str!("../../sql/sqlite/remembered.sql")).bind(keys);
    let rows = query.fetch_all(connection).await?;
    let remembered = |row: &SqliteRow| {
        let outcome: &[u8] = row.try_get_unchecked(3)?;
        let remembered = Remembered { position: rows::number(row, 2)?, outcome: outcome.to_vec().into() };
        of_remembered(row.try_get_unchecked(0)?, row.try_get_unchecked(1)?, remembered)
    };
    rows.iter().map(remembered).collect()
}

/// A JSON array of keys in hexadecimal.
pub(super) fn hexadecimal<'a>(keys: impl Iterator<Item = &'a Hash>) -> String {
    let quoted: Vec<String> = keys.map(|key| format!("\"{}\"", digits(key))).collect();
    format!("[{}]", quoted.join(","))
}
