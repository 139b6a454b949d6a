//! Saves a group in one transaction.

use std::slice;

use sqlx::{AssertSqlSafe, Connection, Sqlite, SqliteConnection, Transaction};
use tokio::sync::OwnedMutexGuard;

use super::{insert::put_rows, writer::ViewsWriter};
use crate::{
    ViewsError,
    store::{group_save::WaitingSave, port::signed},
};

/// Saves these together. If that fails through a fault that may be that of one, each is saved alone, so that it is not the fault of
/// the others.
pub async fn save_group(mut writer: OwnedMutexGuard<ViewsWriter>, group: Vec<WaitingSave>) {
    let rows = |saves: &[WaitingSave]| saves.iter().map(|save| save.rows.len()).sum::<usize>();
    let (mut committed, mut broken) = (None, None);
    if group.len() > 1 {
        match saved(&mut writer, &group).await {
            Ok(()) => committed = Some(rows(&group)),
            Err(error) => broken = Some(error.to_string()).filter(|_| is_general(&error)),
        }
    }
    let together = committed.is_some();
    for save in group {
        let answer = match &broken {
            Some(why) => Err(ViewsError::Unusable(why.clone())),
            None if together => Ok(()),
            None => saved(&mut writer, slice::from_ref(&save)).await,
        };
        match &answer {
            Ok(()) if !together => committed = Some(committed.unwrap_or_default() + save.rows.len()),
            Err(error) if broken.is_none() && is_general(error) => broken = Some(error.to_string()),
            Ok(()) | Err(_) => {}
        }
        save.answer(answer);
    }
    if let Some(rows) = committed {
        writer.checkpoints.committed(rows).await;
    }
}

/// True if any other save would fail, too: each would wait for the same lock, or find the same disk.
fn is_general(error: &ViewsError) -> bool {
    // SQLITE_BUSY, LOCKED, IOERR, FULL, CANTOPEN; the low byte of an extended code.
    const CODES: [i32; 5] = [5, 6, 10, 13, 14];
    match error {
        ViewsError::Store(sqlx::Error::Database(error)) => {
            let code = error.code().and_then(|code| code.parse::<i32>().ok());
            code.is_none_or(|code| CODES.contains(&(code & 0xff)))
        }
        ViewsError::Store(_) => true,
        ViewsError::Unusable(_)
        | ViewsError::Superseded(_)
        | ViewsError::Row { .. }
        | ViewsError::Unknown(_)
        | ViewsError::BeingRebuilt { .. }
        | ViewsError::Gap { .. }
        | ViewsError::Stopped { .. }
        | ViewsError::Log(_) => false,
    }
}

async fn saved(writer: &mut ViewsWriter, saves: &[WaitingSave]) -> Result<(), ViewsError> {
    let mut connection = writer.lend().await?;
    let answer = save(&mut connection, saves).await;
    writer.settle(connection, answer)
}

async fn save(connection: &mut SqliteConnection, saves: &[WaitingSave]) -> Result<(), ViewsError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    advance(&mut transaction, saves).await?;
    for save in saves {
        put_rows(&mut transaction, &save.build, &save.rows).await?;
    }
    Ok(transaction.commit().await?)
}

/// Moves the checkpoints, each if its owner is still the owner and it is where the owner takes it to be.
async fn advance(transaction: &mut Transaction<'_, Sqlite>, saves: &[WaitingSave]) -> Result<(), ViewsError> {
    let steps = vec!["(?, ?, ?, ?, ?, ?, ?, ?)"; saves.len()].join(", ");
    let statement = include_str!("../../../sql/sqlite/advance.sql").replace(":steps", &steps);
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for WaitingSave { build, epoch, step, .. } in saves {
        query = query
            .bind(build.name)
            .bind(build.version)
            .bind(build.build)
            .bind(epoch)
            .bind(signed(step.from)?)
            .bind(signed(step.to.position)?)
            .bind(step.to.event_id)
            .bind(step.to.recorded_at);
    }
    let moved = query.execute(&mut **transaction).await?.rows_affected();
    match saves.first() {
        Some(first) if moved != saves.len() as u64 => Err(ViewsError::Superseded(first.build.name)),
        Some(_) | None => Ok(()),
    }
}
