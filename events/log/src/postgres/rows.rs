//! Converts rows to columns, in the order of the SQL files.

use event_core::{LogName, Raw};
use sqlx::{Row as _, postgres::PgRow};

use crate::{
    columns::{OutcomeEvent, StoredColumns, subject},
    copied::{CopiedRow, RememberedRow},
    port::{LogError, StreamEvent},
};

/// position, stream, revision, id, kind, recorded_at, command_key, meta, data
pub(super) fn event(row: &PgRow, log: LogName) -> Result<Raw, LogError> {
    let columns = StoredColumns {
        position: number(row.try_get(0)?)?,
        stream: row.try_get(1)?,
        revision: number(row.try_get(2)?)?,
        id: row.try_get(3)?,
        kind: row.try_get(4)?,
        recorded_at: row.try_get(5)?,
        command_key: row.try_get(6)?,
        meta: row.try_get(7)?,
        data: row.try_get(8)?,
    };
    columns.event(log)
}

/// position, revision, id, kind, meta, data
pub(super) fn stream_event(row: &PgRow) -> Result<StreamEvent, LogError> {
    let position = number(row.try_get(0)?)?;
    Ok(StreamEvent {
        position,
        revision: number(row.try_get(1)?)?,
        kind: std::borrow::Cow::Owned(row.try_get(3)?),
        subject: subject(row.try_get(4)?, position)?,
        data: row.try_get::<&[u8], _>(5)?.into(),
    })
}

/// The same columns as an event's, not interpreted.
pub(super) fn whole(row: &PgRow) -> Result<CopiedRow, LogError> {
    Ok(CopiedRow {
        position: row.try_get(0)?,
        stream: row.try_get(1)?,
        revision: row.try_get(2)?,
        id: row.try_get(3)?,
        kind: row.try_get(4)?,
        recorded_at: row.try_get(5)?,
        command_key: row.try_get(6)?,
        meta: row.try_get(7)?,
        data: row.try_get(8)?,
    })
}

/// command_key, request_hash, position, decided_at, outcome
pub(super) fn remembered(row: &PgRow) -> Result<RememberedRow, LogError> {
    Ok(RememberedRow {
        command_key: row.try_get(0)?,
        request_hash: row.try_get(1)?,
        position: row.try_get(2)?,
        decided_at: row.try_get(3)?,
        outcome: row.try_get(4)?,
    })
}

/// position, id, kind, stream, revision, command_key, meta
pub(super) fn outcome(row: &PgRow) -> Result<OutcomeEvent, LogError> {
    let columns = StoredColumns {
        position: number(row.try_get(0)?)?,
        stream: row.try_get(3)?,
        revision: number(row.try_get(4)?)?,
        id: row.try_get(1)?,
        kind: row.try_get(2)?,
        recorded_at: 0,
        command_key: row.try_get(5)?,
        meta: row.try_get(6)?,
        data: &[],
    };
    columns.outcome()
}

pub(super) fn number(number: i64) -> Result<u64, sqlx::Error> {
    u64::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// PostgreSQL's integers end at 2^63; no position or revision comes near.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
