//! The builds of the read models, and which of them is live. Each change is one transaction, and SQLite has a single
//! writer.

use sqlx::{
    AssertSqlSafe, Connection, Row, Sqlite, SqliteConnection, Transaction,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};
use uuid::Uuid;

use event_follow::Checkpoint;

use crate::{
    ViewsError,
    store::port::{Build, BuildRecord, ModelKey, OwnedBuild, unsigned},
};

type SqliteStatement = Query<'static, Sqlite, SqliteArguments>;

/// A statement about a read model. Name and version are its first two parameters.
fn of_model(model: ModelKey, statement: &'static str) -> SqliteStatement {
    sqlx::query(statement).bind(model.name).bind(model.version)
}

/// A statement about a build and its owner. The epoch is the fourth parameter.
fn about(own: OwnedBuild, statement: &'static str) -> SqliteStatement {
    of_model(own.build.key(), statement).bind(own.build.build).bind(own.epoch)
}

async fn begin_change(connection: &mut SqliteConnection) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    connection.begin_with("BEGIN IMMEDIATE").await
}

fn found(row: &SqliteRow) -> Result<BuildRecord, sqlx::Error> {
    let checkpoint =
        Checkpoint { position: unsigned(row.try_get(1)?), event_id: row.try_get(2)?, recorded_at: row.try_get(3)? };
    Ok(BuildRecord { build: row.try_get(0)?, checkpoint, lineage: row.try_get(4)?, owner: None, stopped: None })
}

pub async fn live(connection: &mut SqliteConnection, model: ModelKey) -> Result<Option<BuildRecord>, ViewsError> {
    let live = "SELECT build, position, event_id, recorded_at, lineage FROM projection \
                WHERE name = ?1 AND version = ?2 AND live";
    let row = of_model(model, live).fetch_optional(connection).await?;
    Ok(row.as_ref().map(found).transpose()?)
}

pub async fn ensure_live(
    connection: &mut SqliteConnection,
    model: ModelKey,
    lineage: Uuid,
) -> Result<BuildRecord, ViewsError> {
    let mut transaction = begin_change(connection).await?;
    if live(&mut transaction, model).await?.is_none() {
        make(&mut transaction, model, lineage, true).await?;
    }
    let found = live(&mut transaction, model).await?;
    transaction.commit().await?;
    found.ok_or_else(|| ViewsError::Unusable(format!("{} has no live build", model.name)))
}

pub async fn begin(
    connection: &mut SqliteConnection,
    model: ModelKey,
    lineage: Uuid,
) -> Result<OwnedBuild, ViewsError> {
    let mut transaction = begin_change(connection).await?;
    drop_unread(&mut transaction, model).await?;
    let begun = make(&mut transaction, model, lineage, false).await?;
    transaction.commit().await?;
    Ok(begun)
}

async fn next_epoch(transaction: &mut Transaction<'_, Sqlite>) -> Result<i64, sqlx::Error> {
    let next = sqlx::query_scalar("UPDATE epoch SET last = last + 1 RETURNING last");
    next.fetch_one(&mut **transaction).await
}

async fn make(
    transaction: &mut Transaction<'_, Sqlite>,
    model: ModelKey,
    lineage: Uuid,
    live: bool,
) -> Result<OwnedBuild, sqlx::Error> {
    let number = "INSERT INTO model (name, version, last_build) VALUES (?1, ?2, 1) \
                  ON CONFLICT (name, version) DO UPDATE SET last_build = last_build + 1 RETURNING last_build";
    let build = model.build(of_model(model, number).fetch_one(&mut **transaction).await?.try_get(0)?);
    let epoch = next_epoch(transaction).await?;
    // An earlier version may have left a table with this number; no build uses it.
    let table = format!(
        "DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (partition TEXT NOT NULL, sort TEXT NOT NULL, \
         row BLOB NOT NULL, PRIMARY KEY (partition, sort)) STRICT, WITHOUT ROWID",
        table = build.table()
    );
    sqlx::raw_sql(AssertSqlSafe(table)).execute(&mut **transaction).await?;
    let insert = "INSERT INTO projection (name, version, build, epoch, live, position, lineage) \
                  VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)";
    let own = OwnedBuild { build, epoch };
    about(own, insert).bind(live).bind(lineage).execute(&mut **transaction).await?;
    Ok(own)
}

pub async fn claim(connection: &mut SqliteConnection, build: &Build) -> Result<Option<OwnedBuild>, ViewsError> {
    let mut transaction = begin_change(connection).await?;
    let own = OwnedBuild { build: *build, epoch: next_epoch(&mut transaction).await? };
    let claim = "UPDATE projection SET epoch = ?4 WHERE name = ?1 AND version = ?2 AND build = ?3 AND live";
    let claimed = about(own, claim).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok((claimed.rows_affected() == 1).then_some(own))
}

pub async fn is_filling(connection: &mut SqliteConnection, own: OwnedBuild) -> Result<bool, ViewsError> {
    let filling =
        "SELECT 1 FROM projection WHERE name = ?1 AND version = ?2 AND build = ?3 AND epoch = ?4 AND NOT live";
    Ok(about(own, filling).fetch_optional(connection).await?.is_some())
}

pub async fn replace(
    connection: &mut SqliteConnection,
    new: OwnedBuild,
    old: Option<OwnedBuild>,
) -> Result<i64, ViewsError> {
    let superseded = || ViewsError::Superseded(new.build.name);
    let mut transaction = begin_change(connection).await?;
    let epoch = next_epoch(&mut transaction).await?;
    if let Some(old) = old {
        let retire = "UPDATE projection SET live = 0, epoch = ?5 \
                      WHERE name = ?1 AND version = ?2 AND build = ?3 AND epoch = ?4 AND live";
        if about(old, retire).bind(epoch).execute(&mut *transaction).await?.rows_affected() != 1 {
            return Err(superseded());
        }
    }
    if live(&mut transaction, new.build.key()).await?.is_some() {
        return Err(superseded());
    }
    let go_live = "UPDATE projection SET live = 1, epoch = ?5 \
                   WHERE name = ?1 AND version = ?2 AND build = ?3 AND epoch = ?4 AND NOT live";
    let epoch = next_epoch(&mut transaction).await?;
    if about(new, go_live).bind(epoch).execute(&mut *transaction).await?.rows_affected() != 1 {
        return Err(superseded());
    }
    transaction.commit().await?;
    Ok(epoch)
}

pub async fn discard(connection: &mut SqliteConnection, own: OwnedBuild) -> Result<(), ViewsError> {
    let mut transaction = begin_change(connection).await?;
    let gone = "DELETE FROM projection WHERE name = ?1 AND version = ?2 AND build = ?3 AND epoch = ?4 AND NOT live";
    about(own, gone).execute(&mut *transaction).await?;
    drop_orphans(&mut transaction, own.build.key()).await?;
    Ok(transaction.commit().await?)
}

pub async fn clean_up(connection: &mut SqliteConnection, model: ModelKey) -> Result<(), ViewsError> {
    let mut transaction = begin_change(connection).await?;
    drop_unread(&mut transaction, model).await?;
    Ok(transaction.commit().await?)
}

/// Deletes all builds that are not live. This is safe: one process has the file, and it rebuilds a read model once at a
/// time.
async fn drop_unread(transaction: &mut Transaction<'_, Sqlite>, model: ModelKey) -> Result<(), sqlx::Error> {
    let gone = "DELETE FROM projection WHERE name = ?1 AND version = ?2 AND NOT live";
    of_model(model, gone).execute(&mut **transaction).await?;
    drop_orphans(transaction, model).await
}

/// Drops the tables of a read model that belong to no build.
async fn drop_orphans(transaction: &mut Transaction<'_, Sqlite>, model: ModelKey) -> Result<(), sqlx::Error> {
    let orphans = "SELECT name FROM sqlite_schema WHERE type = 'table' \
                   AND name GLOB 'view_' || ?1 || '_v' || ?2 || '_b[0-9]*' \
                   AND name NOT IN (SELECT 'view_' || name || '_v' || version || '_b' || build FROM projection)";
    for orphan in of_model(model, orphans).fetch_all(&mut **transaction).await? {
        let drop = format!("DROP TABLE {}", orphan.try_get::<String, _>(0)?);
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut **transaction).await?;
    }
    Ok(())
}
