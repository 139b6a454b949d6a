//! The builds of the read models, and which of them is live. Each change is one transaction under the lock of its read
//! model, on its own connection.

use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, Row, Transaction};
use uuid::Uuid;

use event_follow::HeldLease;
use event_log::postgres::connections::Connections;

use super::statements::{about, of_model};
use crate::store::port::{Build, ModelKey, OwnedBuild};

/// Begins a transaction that excludes all others for the same read model.
async fn locked(connection: &mut PgConnection, model: ModelKey) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let lock = of_model(model, include_str!("../../../sql/postgres/lock_model.sql"));
    lock.execute(&mut *transaction).await?;
    Ok(transaction)
}

async fn has_live(transaction: &mut Transaction<'_, Postgres>, model: ModelKey) -> Result<bool, sqlx::Error> {
    let live = of_model(model, "SELECT FROM projection WHERE name = $1 AND version = $2 AND live");
    Ok(live.fetch_optional(&mut **transaction).await?.is_some())
}

pub async fn ensure_live(connections: &Connections, model: ModelKey, lineage: Uuid) -> Result<(), sqlx::Error> {
    let mut connection = connections.alone().await?;
    let mut transaction = locked(&mut connection, model).await?;
    if !has_live(&mut transaction, model).await? {
        make(&mut transaction, model, lineage, true).await?;
        sqlx::query("SELECT pg_notify('frontdoor_views', 'changed')").execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    connection.close().await
}

/// `None`: the lease of the rebuild was lost.
pub async fn begin(
    connections: &Connections,
    model: ModelKey,
    lineage: Uuid,
    lease: &HeldLease,
    lease_epoch: i64,
) -> Result<Option<OwnedBuild>, sqlx::Error> {
    let mut connection = connections.alone().await?;
    let mut transaction = locked(&mut connection, model).await?;
    // The lease cannot be taken by another process until this transaction has ended.
    let held =
        "SELECT FROM lease WHERE role = $1 AND owner = $2 AND epoch = $3 AND until > clock_timestamp() FOR SHARE";
    let held = sqlx::query(held).bind(lease.role().to_owned()).bind(lease.owner().to_owned()).bind(lease_epoch);
    if held.fetch_optional(&mut *transaction).await?.is_none() {
        return Ok(None);
    }
    let left = of_model(model, "DELETE FROM projection WHERE name = $1 AND version = $2 AND NOT live");
    left.execute(&mut *transaction).await?;
    let begun = make(&mut transaction, model, lineage, false).await?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(Some(begun))
}

/// Creates a build and its table.
async fn make(
    transaction: &mut Transaction<'_, Postgres>,
    model: ModelKey,
    lineage: Uuid,
    live: bool,
) -> Result<OwnedBuild, sqlx::Error> {
    let begin = of_model(model, include_str!("../../../sql/postgres/begin.sql")).bind(live).bind(lineage);
    let row = begin.fetch_one(&mut **transaction).await?;
    let build = model.build(row.try_get(0)?);
    // An earlier version may have left a table with this number; no build uses it.
    let table = format!(
        "DROP TABLE IF EXISTS {table}; \
         CREATE TABLE {table} (partition text COLLATE \"C\" NOT NULL, sort text COLLATE \"C\" NOT NULL, \
         row bytea NOT NULL, PRIMARY KEY (partition, sort)); \
         ALTER TABLE {table} ALTER COLUMN row SET STORAGE MAIN",
        table = build.table()
    );
    sqlx::raw_sql(AssertSqlSafe(table)).execute(&mut **transaction).await?;
    Ok(OwnedBuild { build, epoch: row.try_get(1)? })
}

/// `None` if this owner no longer owns one of the two, or if another build is live.
pub async fn replace(
    connections: &Connections,
    new: OwnedBuild,
    old: Option<OwnedBuild>,
) -> Result<Option<i64>, sqlx::Error> {
    let mut connection = connections.alone().await?;
    let mut transaction = locked(&mut connection, new.build.key()).await?;
    if let Some(old) = old {
        let retire = about(&old.build, include_str!("../../../sql/postgres/retire.sql")).bind(old.epoch);
        if retire.execute(&mut *transaction).await?.rows_affected() != 1 {
            return Ok(None);
        }
    }
    if has_live(&mut transaction, new.build.key()).await? {
        return Ok(None);
    }
    let go_live = about(&new.build, include_str!("../../../sql/postgres/go_live.sql")).bind(new.epoch);
    let Some(row) = go_live.fetch_optional(&mut *transaction).await? else { return Ok(None) };
    let epoch = row.try_get(0)?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(Some(epoch))
}

/// Drops the tables that belong to no build. This is a separate transaction after the one that deleted the builds: a
/// statement that is about to write to such a table has locked it, and waits for the row of its build.
pub async fn drop_orphans(connections: &Connections, model: ModelKey) -> Result<(), sqlx::Error> {
    let mut connection = connections.alone().await?;
    let mut transaction = locked(&mut connection, model).await?;
    let orphans = of_model(model, include_str!("../../../sql/postgres/orphans.sql"));
    for orphan in orphans.fetch_all(&mut *transaction).await? {
        let drop = format!("DROP TABLE {}", orphan.try_get::<String, _>(0)?);
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    connection.close().await
}

/// `None` if this owner no longer owns the build.
pub async fn fill(connections: &Connections, own: OwnedBuild, rows: Vec<u8>) -> Result<Option<()>, sqlx::Error> {
    let mut connection = connections.alone().await?;
    let mut transaction = connection.begin().await?;
    // Dropping the build waits for this transaction; renewing its lease does not.
    let lock = "SELECT FROM projection WHERE name = $1 AND version = $2 AND build = $3 AND epoch = $4 FOR KEY SHARE";
    if about(&own.build, lock).bind(own.epoch).fetch_optional(&mut *transaction).await?.is_none() {
        return Ok(None);
    }
    let statement = format!("COPY {} (partition, sort, row) FROM STDIN (FORMAT binary)", Build::table(&own.build));
    let mut copy = transaction.copy_in_raw(&statement).await?;
    copy.send(rows).await?;
    copy.finish().await?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(Some(()))
}
