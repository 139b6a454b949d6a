//! Converts rows to columns, in the order of the SQL files.

use event_core::{LogName, Raw};
use sqlx::{Row as _, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    columns::{OutcomeEvent, StoredColumns, damaged_at, subject},
    copied::{CopiedRow, RememberedRow},
    port::{LogError, StreamEvent},
};

/// position, stream, revision, id, kind, recorded_at, command_key, meta, data
pub(super) fn event(row: &SqliteRow, log: LogName) -> Result<Raw, LogError> {
    let position = number(row, 0)?;
    let columns = StoredColumns {
        position,
        stream: row.try_get_unchecked(1)?,
        revision: number(row, 2)?,
        id: id(row, 3, position)?,
        kind: row.try_get_unchecked(4)?,
        recorded_at: row.try_get_unchecked(5)?,
        command_key: row.try_get_unchecked(6)?,
        meta: row.try_get_unchecked(7)?,
        data: row.try_get_unchecked(8)?,
    };
    columns.event(log)
}

/// position, revision, kind, meta, data
pub(super) fn stream_event(row: &SqliteRow) -> Result<StreamEvent, LogError> {
    let position = number(row, 0)?;
    Ok(StreamEvent {
        position,
        revision: number(row, 1)?,
        kind: std::borrow::Cow::Owned(row.try_get_unchecked(2)?),
        subject: subject(row.try_get_unchecked(3)?, position)?,
        data: row.try_get_unchecked::<&[u8], _>(4)?.into(),
    })
}

/// The same columns as an event's, not interpreted.
pub(super) fn whole(row: &SqliteRow) -> Result<CopiedRow, LogError> {
    let position: i64 = row.try_get_unchecked(0)?;
    Ok(CopiedRow {
        position,
        stream: row.try_get_unchecked(1)?,
        revision: row.try_get_unchecked(2)?,
        id: id(row, 3, u64::try_from(position).unwrap_or_default())?,
        kind: row.try_get_unchecked(4)?,
        recorded_at: row.try_get_unchecked(5)?,
        command_key: row.try_get_unchecked(6)?,
        meta: row.try_get_unchecked(7)?,
        data: row.try_get_unchecked(8)?,
    })
}

/// command_key, request_hash, position, decided_at, outcome
pub(super) fn remembered(row: &SqliteRow) -> Result<RememberedRow, LogError> {
    Ok(RememberedRow {
        command_key: row.try_get(0)?,
        request_hash: row.try_get(1)?,
        position: row.try_get(2)?,
        decided_at: row.try_get(3)?,
        outcome: row.try_get(4)?,
    })
}

/// position, id, kind, stream, revision, command_key, meta
pub(super) fn outcome(row: &SqliteRow) -> Result<OutcomeEvent, LogError> {
    let position = number(row, 0)?;
    let columns = StoredColumns {
        position,
        stream: row.try_get_unchecked(3)?,
        revision: number(row, 4)?,
        id: id(row, 1, position)?,
        kind: row.try_get_unchecked(2)?,
        recorded_at: 0,
        command_key: row.try_get_unchecked(5)?,
        meta: row.try_get_unchecked(6)?,
        data: &[],
    };
    columns.outcome()
}

pub(super) fn number(row: &SqliteRow, at: usize) -> Result<u64, sqlx::Error> {
    let number: i64 = row.try_get_unchecked(at)?;
    u64::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn id(row: &SqliteRow, at: usize, position: u64) -> Result<Uuid, LogError> {
    let bytes: &[u8] = row.try_get_unchecked(at)?;
    Uuid::from_slice(bytes).map_err(|error| damaged_at(position)(error.to_string()))
}
