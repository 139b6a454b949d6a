//! Rows to events. The columns' order is the one of the SQL files.

use std::borrow::Cow;

use sqlx::{Row as _, sqlite::SqliteRow};
use uuid::Uuid;
use vocabulary::{
    ALL_KINDS, LogName, Raw, StreamName, Timestamp,
    envelope::{Hash, Meta},
};

use crate::port::{LogError, Stored};

/// position, stream, revision, id, kind, recorded_at, command_key, meta, data
pub(super) fn event(row: &SqliteRow, log: LogName) -> Result<Raw, LogError> {
    let position = number(row, 0)?;
    let damaged = |why: String| LogError::Damaged { position, why };
    let meta = Meta::unpack(row.try_get_unchecked(7)?).map_err(|error| damaged(error.to_string()))?;
    Ok(Raw {
        log,
        position,
        stream: stream(row, 1, position)?,
        revision: number(row, 2)?,
        id: id(row, 3, position)?,
        kind: kind(row.try_get_unchecked(4)?),
        recorded_at: Timestamp::from_micros(row.try_get_unchecked(5)?),
        actor: meta.actor,
        acting_for: meta.acting_for,
        subject: meta.subject,
        correlation: meta.correlation,
        causation: meta.causation,
        command_key: key(row, 6).map_err(damaged)?,
        request_hash: meta.request_hash,
        trace: meta.trace,
        data: row.try_get_unchecked::<&[u8], _>(8)?.into(),
    })
}

/// One event of an outcome; on a command's first one, its key and the hash of its request.
pub(super) struct Outcome {
    pub stored: Stored,
    pub first: Option<(Hash, Option<Hash>)>,
}

/// position, id, kind, stream, revision, command_key, meta
pub(super) fn outcome(row: &SqliteRow) -> Result<Outcome, LogError> {
    let position = number(row, 0)?;
    let damaged = |why: String| LogError::Damaged { position, why };
    let stored = Stored {
        id: id(row, 1, position)?,
        kind: kind(row.try_get_unchecked(2)?),
        stream: stream(row, 3, position)?,
        revision: number(row, 4)?,
        position,
    };
    let meta = Meta::unpack(row.try_get_unchecked(6)?).map_err(|error| damaged(error.to_string()))?;
    let first = key(row, 5).map_err(damaged)?.map(|key| (key, meta.request_hash));
    Ok(Outcome { stored, first })
}

pub(super) fn number(row: &SqliteRow, at: usize) -> Result<u64, sqlx::Error> {
    let number: i64 = row.try_get_unchecked(at)?;
    u64::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn stream(row: &SqliteRow, at: usize, position: u64) -> Result<StreamName, LogError> {
    let name: &str = row.try_get_unchecked(at)?;
    name.parse().map_err(|error| LogError::Damaged { position, why: format!("{error}") })
}

fn id(row: &SqliteRow, at: usize, position: u64) -> Result<Uuid, LogError> {
    let bytes: &[u8] = row.try_get_unchecked(at)?;
    Uuid::from_slice(bytes).map_err(|error| LogError::Damaged { position, why: error.to_string() })
}

fn key(row: &SqliteRow, at: usize) -> Result<Option<Hash>, String> {
    let bytes: Option<&[u8]> = row.try_get_unchecked(at).map_err(|error| error.to_string())?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| "its command key has not 32 bytes".into())).transpose()
}

/// A kind that this binary knows costs no memory.
fn kind(kind: &str) -> Cow<'static, str> {
    match ALL_KINDS.iter().copied().flatten().find(|known| **known == kind) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(kind.into()),
    }
}
