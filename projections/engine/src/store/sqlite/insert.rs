//! Inserts rows into a build's table, many in one statement.

use event_core::Key;
use futures::future::join;
use sqlx::{Arguments, AssertSqlSafe, Sqlite, Transaction, sqlite::SqliteArguments};

use crate::{ViewsError, fold::Saved, store::port::Build};

/// The maximum number of rows of one INSERT statement. A power of two, so that few statements are prepared.
const INSERT_ROWS_MAX: usize = 256;

pub async fn put_rows(
    transaction: &mut Transaction<'_, Sqlite>,
    build: &Build,
    rows: &[Saved],
) -> Result<(), ViewsError> {
    let table = build.table();
    let kept: Vec<_> = rows.iter().filter_map(|(key, row)| Some((key, row.as_deref()?))).collect();
    let mut statements = Inserts { table: &table, rows: &kept };
    let mut ready = statements.next();
    while let Some(insert) = ready {
        let (sql, arguments) = insert?;
        // The next statement is built while the database's thread executes this one.
        let run = sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut **transaction);
        let (done, next) = join(run, async { statements.next() }).await;
        done?;
        ready = next;
    }
    for (key, _) in rows.iter().filter(|(_, row)| row.is_none()) {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE partition = ? AND sort = ?")))
            .bind(&key.partition)
            .bind(&key.sort)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

/// Many rows in few statements, each with a power of two of rows, so that few different statements are prepared.
struct Inserts<'a> {
    table: &'a str,
    rows: &'a [(&'a Key, &'a [u8])],
}

impl Iterator for Inserts<'_> {
    type Item = Result<(String, SqliteArguments), sqlx::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let size = 1 << self.rows.len().min(INSERT_ROWS_MAX).checked_ilog2()?;
        let (chunk, rest) = self.rows.split_at(size);
        self.rows = rest;
        let values = vec!["(?, ?, ?)"; size].join(", ");
        let insert = format!("INSERT OR REPLACE INTO {} (partition, sort, row) VALUES {values}", self.table);
        Some(arguments(chunk).map(|arguments| (insert, arguments)).map_err(sqlx::Error::Encode))
    }
}

fn arguments(rows: &[(&Key, &[u8])]) -> Result<SqliteArguments, sqlx::error::BoxDynError> {
    let mut arguments = SqliteArguments::default();
    for (key, row) in rows {
        arguments.add(&key.partition)?;
        arguments.add(&key.sort)?;
        arguments.add(*row)?;
    }
    Ok(arguments)
}
