//! A stored event, and iteration over all events of a log.

use futures::TryStreamExt;
use serde_json::Value;
use sqlx::{ColumnIndex, Decode, Row, SqliteConnection, Type};
use uuid::Uuid;

use super::postgres::{PAGE_EVENTS, PgLog};

pub struct CheckedEvent {
    pub position: u64,
    pub stream: String,
    pub revision: u64,
    pub id: Vec<u8>,
    pub kind: String,
    /// Microseconds since 1970.
    pub recorded_at: i64,
    pub command_key: Option<Vec<u8>>,
    pub meta: Vec<u8>,
    /// `None` if the bytes are not a JSON object.
    pub data: Option<Value>,
    pub bytes: Vec<u8>,
}

const ALL: &str = "SELECT position, stream, revision, id, kind, recorded_at, command_key, meta, data
                   FROM event ORDER BY position";

const PAGE: &str = "SELECT position, stream, revision, uuid_send(id) AS id, kind, recorded_at, command_key, meta, data
                    FROM event WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3";

/// A log, read from its first event to its last.
pub enum Source<'a> {
    File(&'a mut SqliteConnection),
    Table(&'a mut PgLog),
}

impl Source<'_> {
    /// The current last position.
    pub async fn end_now(&mut self) -> sqlx::Result<u64> {
        let end = "SELECT coalesce(max(position), 0) FROM event";
        let end: i64 = match self {
            Source::File(connection) => sqlx::query_scalar(end).fetch_one(&mut **connection).await?,
            Source::Table(log) => sqlx::query_scalar(end).fetch_one(&mut log.connection).await?,
        };
        Ok(unsigned(end))
    }
}

/// Every event, in order of positions.
pub async fn each(source: &mut Source<'_>, mut visit: impl FnMut(&CheckedEvent)) -> sqlx::Result<()> {
    let log = match source {
        Source::File(connection) => {
            let mut rows = sqlx::query(ALL).fetch(&mut **connection);
            while let Some(row) = rows.try_next().await? {
                visit(&CheckedEvent::of(&row)?);
            }
            return Ok(());
        }
        Source::Table(log) => log,
    };
    // Starts below the first position, so that an invalid lower position is also read.
    let mut after = i64::MIN;
    loop {
        let query = sqlx::query(PAGE).bind(after).bind(log.end).bind(PAGE_EVENTS);
        let rows = query.fetch_all(&mut log.connection).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.try_get("position")?;
        for row in &rows {
            visit(&CheckedEvent::of(row)?);
        }
    }
}

impl CheckedEvent {
    fn of<'r, R: Row>(row: &'r R) -> sqlx::Result<CheckedEvent>
    where
        &'static str: ColumnIndex<R>,
        String: Decode<'r, R::Database> + Type<R::Database>,
        Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
        i64: Decode<'r, R::Database> + Type<R::Database>,
    {
        let data: Vec<u8> = row.try_get("data")?;
        let number = |column| row.try_get::<i64, _>(column).map(unsigned);
        Ok(CheckedEvent {
            position: number("position")?,
            stream: row.try_get("stream")?,
            revision: number("revision")?,
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            recorded_at: row.try_get("recorded_at")?,
            command_key: row.try_get("command_key")?,
            meta: row.try_get("meta")?,
            data: serde_json::from_slice(&data).ok().filter(Value::is_object),
            bytes: data,
        })
    }

    /// A text in the data; empty if there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.value(pointer).as_str().unwrap_or_default()
    }

    /// A number in the data; 0 if there is none.
    pub fn number(&self, pointer: &str) -> u64 {
        self.value(pointer).as_u64().unwrap_or_default()
    }

    /// A value in the data.
    pub fn value(&self, pointer: &str) -> &Value {
        self.data.as_ref().and_then(|data| data.pointer(pointer)).unwrap_or(&Value::Null)
    }

    /// The released example of a kind.
    #[cfg(test)]
    pub fn example(kind: &str) -> CheckedEvent {
        let file = format!("{}/../../events/vocabulary/released/{kind}.json", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        CheckedEvent {
            position: 1,
            stream: "example-1".to_owned(),
            revision: 1,
            id: Vec::new(),
            kind: kind.to_owned(),
            recorded_at: 0,
            command_key: None,
            meta: Vec::new(),
            data: serde_json::from_slice(&bytes).ok(),
            bytes,
        }
    }

    pub fn uuid(&self) -> Option<Uuid> {
        Uuid::from_slice(&self.id).ok()
    }
}

/// Maps a negative number to 0. Neither is a valid position, and 0 is reported as a gap.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
