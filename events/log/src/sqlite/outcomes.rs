//! The outcomes of earlier commands: stored events, and remembered decisions without events.

use std::collections::HashMap;

use event_core::envelope::Hash;
use sqlx::{Row as _, SqliteConnection};

use super::{insert::digits, rows};
use crate::{
    evaluate::Repeats,
    port::LogError,
    store::{EarlierOutcome, Remembered},
};

/// The outcomes of the appends with these keys.
pub(super) async fn outcomes(connection: &mut SqliteConnection, keys: String) -> Result<Repeats, LogError> {
    let mut found = remembered(connection, &keys).await?;
    let query = sqlx::query(include_str!("../../sql/sqlite/outcomes.sql")).bind(keys);
    let mut current = None;
    for row in query.fetch_all(connection).await? {
        let outcome = rows::outcome(&row)?;
        if let Some((key, request_hash)) = outcome.first {
            found.insert(key, EarlierOutcome { request_hash, stored: Vec::new(), remembered: None });
            current = Some(key);
        }
        if let Some(found) = current.and_then(|key| found.get_mut(&key)) {
            found.stored.push(outcome.stored);
        }
    }
    Ok(found)
}

/// The remembered decisions without events for these keys.
pub(super) async fn remembered(connection: &mut SqliteConnection, keys: &str) -> Result<Repeats, LogError> {
    let query = sqlx::query(include_str!("../../sql/sqlite/remembered.sql")).bind(keys);
    let mut found: Repeats = HashMap::new();
    for row in query.fetch_all(connection).await? {
        let hash = |at| -> Result<Hash, LogError> {
            let bytes: &[u8] = row.try_get_unchecked(at)?;
            bytes.try_into().map_err(|_| LogError::Unusable("a remembered decision's key is not 32 bytes long".into()))
        };
        let outcome: &[u8] = row.try_get_unchecked(3)?;
        let remembered = Remembered { position: rows::number(&row, 2)?, outcome: outcome.to_vec().into() };
        let request_hash = Some(hash(1)?);
        found.insert(hash(0)?, EarlierOutcome { request_hash, stored: Vec::new(), remembered: Some(remembered) });
    }
    Ok(found)
}

/// A JSON array of keys in hexadecimal.
pub(super) fn hexadecimal<'a>(keys: impl Iterator<Item = &'a Hash>) -> String {
    let quoted: Vec<String> = keys.map(|key| format!("\"{}\"", digits(key))).collect();
    format!("[{}]", quoted.join(","))
}
