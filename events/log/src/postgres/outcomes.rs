//! The stored and remembered outcomes of commands, by their keys.

use std::collections::HashMap;

use event_core::envelope::Hash;
use sqlx::{PgConnection, Row as _};

use super::rows::{self, number};
use crate::{
    evaluate::Repeats,
    port::LogError,
    store::{EarlierOutcome, Remembered},
};

/// The outcomes of the appends with these keys.
pub(super) async fn outcomes(connection: &mut PgConnection, keys: &[Hash]) -> Result<Repeats, LogError> {
    let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
    let mut found = remembered(connection, &keys).await?;
    let query = sqlx::query(include_str!("../../sql/postgres/outcomes.sql")).bind(keys);
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
async fn remembered(connection: &mut PgConnection, keys: &[Vec<u8>]) -> Result<Repeats, LogError> {
    let query = sqlx::query(include_str!("../../sql/postgres/remembered.sql")).bind(keys);
    let mut found: Repeats = HashMap::new();
    for row in query.fetch_all(connection).await? {
        let hash = |at| -> Result<Hash, LogError> {
            let bytes: &[u8] = row.try_get(at)?;
            bytes.try_into().map_err(|_| LogError::Unusable("a remembered decision's key is not 32 bytes long".into()))
        };
        let remembered =
            Remembered { position: number(row.try_get(2)?)?, outcome: row.try_get::<Vec<u8>, _>(3)?.into() };
        let request_hash = Some(hash(1)?);
        found.insert(hash(0)?, EarlierOutcome { request_hash, stored: Vec::new(), remembered: Some(remembered) });
    }
    Ok(found)
}
