//! Inserts many rows with few statements. Each statement has room for a power of two rows, so few different ones are
//! ever prepared. The first one begins the transaction and the last one commits it, so a usual batch is one round trip.

use std::sync::Arc;

use sqlx::{Arguments, AssertSqlSafe, SqliteConnection, sqlite::SqliteArguments};

use crate::{
    evaluate::{DecisionToRemember, EventToStore, Plan, key_of},
    port::Append,
    store::{Request, meta_of},
};

/// The binary logarithm of the rows of the largest statement. SQLite allows 32,766 parameters.
const LOG2_ROWS_MAX: usize = 7;
/// Columns of a row, each a parameter.
const COLUMNS: usize = 9;

/// The texts of the statements, made once: by the binary logarithm of their rows, and by whether they begin or commit.
pub(super) struct Statements {
    insert: [[Arc<str>; 4]; LOG2_ROWS_MAX + 1],
    /// Both begin the transaction; the second one also commits it, for a plan without events.
    remember: [Arc<str>; 2],
}

impl Statements {
    pub(super) fn new() -> Statements {
        let text = include_str!("../../sql/sqlite/insert.sql").trim_end();
        let row = format!("({})", ["?"; COLUMNS].join(", "));
        let statement = |log2: usize, form: usize| -> Arc<str> {
            let insert = text.replace(&row, &vec![row.as_str(); 1 << log2].join(", "));
            let begin = if form & 1 == 0 { "" } else { "BEGIN IMMEDIATE; " };
            let commit = if form & 2 == 0 { "" } else { "; COMMIT" };
            format!("{begin}{insert}{commit}").into()
        };
        let remember = include_str!("../../sql/sqlite/remember.sql").trim_end();
        Statements {
            insert: std::array::from_fn(|log2| std::array::from_fn(|form| statement(log2, form))),
            remember: [
                format!("BEGIN IMMEDIATE; {remember}").into(),
                format!("BEGIN IMMEDIATE; {remember}; COMMIT").into(),
            ],
        }
    }

    /// Stores the rows and the remembered decisions of a plan in one transaction. When it returns without an error they
    /// are on disk. After an error the transaction may still be open, and an error at its end leaves open whether they
    /// are.
    pub(super) async fn store(
        &self,
        connection: &mut SqliteConnection,
        batch: &[Request],
        plan: &Plan,
        recorded_at: i64,
    ) -> Result<(), sqlx::Error> {
        let mut rest = plan.rows.as_slice();
        let mut first = plan.remembered.is_empty();
        if !first {
            let sql = AssertSqlSafe(Arc::clone(&self.remember[usize::from(rest.is_empty())]));
            sqlx::query(sql)
                .bind(decisions(batch, &plan.remembered))
                .bind(recorded_at)
                .execute(&mut *connection)
                .await?;
        }
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(rest.len().min(1 << LOG2_ROWS_MAX));
            let log2 = chunk.len().next_power_of_two().ilog2() as usize;
            rest = after;
            let form = usize::from(first) | usize::from(rest.is_empty()) << 1;
            first = false;
            let mut arguments = SqliteArguments::default();
            arguments.reserve(chunk.len() * COLUMNS, 0);
            for row in chunk {
                bind(&mut arguments, &batch[row.request].append, row, recorded_at).map_err(sqlx::Error::Encode)?;
            }
            let sql = AssertSqlSafe(Arc::clone(&self.insert[log2][form]));
            sqlx::query_with(sql, arguments).execute(&mut *connection).await?;
        }
        Ok(())
    }
}

/// A JSON array, as `remember.sql` reads it.
fn decisions(batch: &[Request], remembered: &[DecisionToRemember]) -> String {
    let decision = |decided: &DecisionToRemember| {
        let idempotency = batch[decided.request].append.idempotency.as_ref()?;
        let [key, hash] = [idempotency.command_key, idempotency.request_hash].map(|hash| digits(&hash));
        let outcome = digits(idempotency.outcome.as_deref()?);
        Some(format!("[\"{key}\",\"{hash}\",{},\"{outcome}\"]", decided.position))
    };
    let decisions: Vec<String> = remembered.iter().filter_map(decision).collect();
    format!("[{}]", decisions.join(","))
}

fn bind(
    arguments: &mut SqliteArguments,
    append: &Append,
    row: &EventToStore,
    recorded_at: i64,
) -> Result<(), sqlx::error::BoxDynError> {
    let event = &append.events[row.event];
    // Only the first event carries the data that identifies its request.
    let first = row.event == 0;
    arguments.add(i64::try_from(row.position)?)?;
    arguments.add(event.stream.to_string())?;
    arguments.add(i64::try_from(row.revision)?)?;
    arguments.add(event.id.as_bytes().to_vec())?;
    arguments.add(event.kind)?;
    arguments.add(recorded_at)?;
    arguments.add(if first { key_of(append).map(|key| key.to_vec()) } else { None })?;
    arguments.add(meta_of(append, first).pack())?;
    arguments.add(Vec::from(event.data.as_ref()))?;
    Ok(())
}

/// Bytes in hexadecimal.
pub(super) fn digits(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
