//! Remembered decisions without events: each must be readable, and its command must not have stored events.

use std::collections::HashSet;

use serde_json::Value;
use sqlx::{Decode, Row, Type};

use super::{event::Source, findings::Findings};

/// The maximum number of decisions of one statement.
const PAGE_ROWS: i64 = 2_000;
/// The size of a key and of a request's hash, in bytes.
const HASH_BYTES: usize = 32;

const TABLE: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'remembered'";
const TABLE_PG: &str =
    "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'remembered'";
const PAGE: &str = "SELECT command_key, request_hash, position, outcome FROM remembered
                    WHERE command_key > $1 ORDER BY command_key LIMIT $2";

struct RememberedOutcome {
    command_key: Vec<u8>,
    request_hash: Vec<u8>,
    position: i64,
    outcome: Vec<u8>,
}

/// Checks and counts all remembered decisions. `stored` contains the keys of the commands that stored events.
pub async fn prove(
    log: &str,
    source: &mut Source<'_>,
    stored: &HashSet<Vec<u8>>,
    findings: &mut Findings,
) -> sqlx::Result<u64> {
    let (mut after, mut count) = (Vec::new(), 0);
    if !exists(source).await? {
        return Ok(count);
    }
    let end = source.end_now().await?;
    loop {
        let decisions = page(source, &after).await?;
        let Some(last) = decisions.last() else { return Ok(count) };
        after.clone_from(&last.command_key);
        count += decisions.len() as u64;
        for decision in &decisions {
            if let Some(why) = wrong(decision, stored, end) {
                findings.line(format!("{log}: a remembered decision {why}"));
            }
        }
    }
}

/// False for a log of an earlier version, which does not have the table.
async fn exists(source: &mut Source<'_>) -> sqlx::Result<bool> {
    let tables: i64 = match source {
        Source::File(connection) => sqlx::query_scalar(TABLE).fetch_one(&mut **connection).await?,
        Source::Table(log) => sqlx::query_scalar(TABLE_PG).fetch_one(&mut log.connection).await?,
    };
    Ok(tables > 0)
}

async fn page(source: &mut Source<'_>, after: &[u8]) -> sqlx::Result<Vec<RememberedOutcome>> {
    match source {
        Source::File(connection) => {
            let rows = sqlx::query(PAGE).bind(after).bind(PAGE_ROWS).fetch_all(&mut **connection).await?;
            rows.iter().map(RememberedOutcome::of).collect()
        }
        Source::Table(log) => {
            let rows = sqlx::query(PAGE).bind(after).bind(PAGE_ROWS).fetch_all(&mut log.connection).await?;
            rows.iter().map(RememberedOutcome::of).collect()
        }
    }
}

impl RememberedOutcome {
    fn of<'r, R: Row>(row: &'r R) -> sqlx::Result<RememberedOutcome>
    where
        usize: sqlx::ColumnIndex<R>,
        Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
        i64: Decode<'r, R::Database> + Type<R::Database>,
    {
        Ok(RememberedOutcome {
            command_key: row.try_get(0)?,
            request_hash: row.try_get(1)?,
            position: row.try_get(2)?,
            outcome: row.try_get(3)?,
        })
    }
}

fn wrong(decision: &RememberedOutcome, stored: &HashSet<Vec<u8>>, end: u64) -> Option<String> {
    if decision.command_key.len() != HASH_BYTES || decision.request_hash.len() != HASH_BYTES {
        return Some("has a key or a hash that is not of 32 bytes".to_owned());
    }
    if stored.contains(&decision.command_key) {
        return Some("has the key of a command that stored events".to_owned());
    }
    if u64::try_from(decision.position).map_or(true, |position| position > end) {
        return Some(format!("rests on position {}, and the log ends at {end}", decision.position));
    }
    let outcome: Option<Value> = serde_json::from_slice(&decision.outcome).ok();
    let readable = outcome.is_some_and(|outcome| match outcome["decision"].as_str() {
        Some("nothing-new") => true,
        Some("rejected") => outcome["code"].is_string(),
        Some(_) | None => false,
    });
    (!readable).then(|| "cannot be read".to_owned())
}
