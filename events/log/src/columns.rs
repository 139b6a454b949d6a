//! Converts the columns of an event's row, from any database, to the envelope.

use std::borrow::Cow;

use event_core::{
    LogName, Raw, SubjectId, Timestamp,
    envelope::{Hash, Meta},
};
use uuid::Uuid;

use crate::port::{LogError, Stored};

/// One row, borrowed from the driver.
pub(crate) struct StoredColumns<'a> {
    pub position: u64,
    pub stream: &'a str,
    pub revision: u64,
    pub id: Uuid,
    pub kind: &'a str,
    /// Microseconds.
    pub recorded_at: i64,
    pub command_key: Option<&'a [u8]>,
    pub meta: &'a [u8],
    pub data: &'a [u8],
}

impl StoredColumns<'_> {
    pub fn event(self, log: LogName) -> Result<Raw, LogError> {
        let damaged = damaged_at(self.position);
        let meta = Meta::unpack(self.meta).map_err(|error| damaged(error.to_string()))?;
        Ok(Raw {
            log,
            position: self.position,
            stream: self.stream.parse().map_err(|error| damaged(format!("{error}")))?,
            revision: self.revision,
            id: self.id,
            kind: Cow::Owned(self.kind.to_owned()),
            recorded_at: Timestamp::from_micros(self.recorded_at),
            actor: meta.actor,
            acting_for: meta.acting_for,
            subject: meta.subject,
            correlation: meta.correlation,
            causation: meta.causation,
            command_key: key(self.command_key).map_err(damaged)?,
            request_hash: meta.request_hash,
            trace: meta.trace,
            data: self.data.into(),
        })
    }

    /// The event as a part of a command's outcome; `recorded_at` and `data` are ignored.
    pub fn outcome(self) -> Result<OutcomeEvent, LogError> {
        let damaged = damaged_at(self.position);
        let meta = Meta::unpack(self.meta).map_err(|error| damaged(error.to_string()))?;
        let stored = Stored {
            id: self.id,
            kind: Cow::Owned(self.kind.to_owned()),
            stream: self.stream.parse().map_err(|error| damaged(format!("{error}")))?,
            revision: self.revision,
            position: self.position,
        };
        let first = key(self.command_key).map_err(damaged)?.map(|key| (key, meta.request_hash));
        Ok(OutcomeEvent { stored, first })
    }
}

/// One event of an outcome; for a command's first event, also the key and the hash of the request.
pub(crate) struct OutcomeEvent {
    pub stored: Stored,
    pub first: Option<(Hash, Option<Hash>)>,
}

/// The subject in an event's packed envelope.
pub(crate) fn subject(meta: &[u8], position: u64) -> Result<Option<SubjectId>, LogError> {
    Meta::subject_in(meta).map_err(|error| damaged_at(position)(error.to_string()))
}

pub(crate) fn damaged_at(position: u64) -> impl Fn(String) -> LogError {
    move |why| LogError::Damaged { position, why }
}

fn key(bytes: Option<&[u8]>) -> Result<Option<Hash>, String> {
    bytes.map(|bytes| bytes.try_into().map_err(|_| "its command key has not 32 bytes".into())).transpose()
}
