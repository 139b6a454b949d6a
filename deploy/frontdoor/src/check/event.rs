//! An event as it stands in the file, and the walk over all of them.

use futures::TryStreamExt;
use serde_json::Value;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

pub struct Event {
    pub position: u64,
    pub stream: String,
    pub revision: u64,
    pub id: Vec<u8>,
    pub kind: String,
    /// Microseconds since 1970.
    pub recorded_at: i64,
    pub command_key: Option<Vec<u8>>,
    pub meta: Vec<u8>,
    /// `None` where the bytes are no JSON object.
    pub data: Option<Value>,
}

const ALL: &str = "SELECT position, stream, revision, id, kind, recorded_at, command_key, meta, data
                   FROM event ORDER BY position";

/// Every event, in order of positions.
pub async fn each(connection: &mut SqliteConnection, mut visit: impl FnMut(&Event)) -> sqlx::Result<()> {
    let mut rows = sqlx::query(ALL).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        visit(&Event::of(&row)?);
    }
    Ok(())
}

impl Event {
    fn of(row: &SqliteRow) -> sqlx::Result<Event> {
        let data: Vec<u8> = row.try_get("data")?;
        Ok(Event {
            position: number(row, "position")?,
            stream: row.try_get("stream")?,
            revision: number(row, "revision")?,
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            recorded_at: row.try_get("recorded_at")?,
            command_key: row.try_get("command_key")?,
            meta: row.try_get("meta")?,
            data: serde_json::from_slice(&data).ok().filter(Value::is_object),
        })
    }

    /// A text of the data; empty where there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.value(pointer).as_str().unwrap_or_default()
    }

    /// A number of the data; 0 where there is none.
    pub fn number(&self, pointer: &str) -> u64 {
        self.value(pointer).as_u64().unwrap_or_default()
    }

    /// A part of the data.
    pub fn value(&self, pointer: &str) -> &Value {
        self.data.as_ref().and_then(|data| data.pointer(pointer)).unwrap_or(&Value::Null)
    }

    pub fn uuid(&self) -> Option<Uuid> {
        Uuid::from_slice(&self.id).ok()
    }
}

/// A negative number is no place; 0 is none either, and is found as a gap.
fn number(row: &SqliteRow, column: &str) -> sqlx::Result<u64> {
    row.try_get::<i64, _>(column).map(|number| u64::try_from(number).unwrap_or(0))
}
