//! The stored and remembered outcomes of commands, by their keys.

use event_core::envelope::Hash;
use sqlx::{PgConnection, Row as _, postgres::PgRow};

use super::rows::{self, number};
use crate::{
    evaluate::Repeats,
    outcomes::{add_stored, of_remembered},
    port::LogError,
    store::Remembered,
};

/// The outcomes of the appends with these keys.
pub(super) async fn outcomes(connection: &mut PgConnection, keys: &[Hash]) -> Result<Repeats, LogError> {
    let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
    let mut found = remembered(connection, &keys).await?;
    let query = sqlx::query(include_str!("../../sql/postgres/outcomes.sql")).bind(keys);
    let rows = query.fetch_all(connection).await?;
    add_stored(&mut found, rows.iter().map(rows::outcome))?;
    Ok(found)
}

/// The remembered decisions without events for these keys.
async fn remembered(connection: &mut PgConnection, keys: &[Vec<u8>]) -> Result<Repeats, LogError> {
    let query = sqlx::query(include_str!("../../sql/postgres/remembered.sql")).bind(keys);
    let rows = query.fetch_all(connection).await?;
    let remembered = |row: &PgRow| {
        let outcome = row.try_get::<Vec<u8>, _>(3)?.into();
        of_remembered(row.try_get(0)?, row.try_get(1)?, Remembered { position: number(row.try_get(2)?)?, outcome })
    };
    rows.iter().map(remembered).collect()
}
