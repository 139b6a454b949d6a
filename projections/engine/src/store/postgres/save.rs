//! Saves rows and checkpoints. Saves without rows move the checkpoint only: those of several read models are one statement, because
//! most events concern few read models, and each is a step of all.

use std::{collections::HashSet, sync::Arc};

use event_log::postgres::connections::Connections;
use futures::future::join_all;
use sqlx::Row;
use tokio::sync::OwnedMutexGuard;

use super::statements::{on_table, split};
use crate::{
    ViewsError,
    fold::Saved,
    store::{
        group_save::WaitingSave,
        port::{Build, CheckpointAdvance, signed},
    },
};

/// A checkpoint that was not moved with the others is moved alone: its row is locked now, or belongs to another owner. So is each if
/// the database refuses the statement.
pub async fn advance_group(turn: OwnedMutexGuard<()>, connections: Arc<Connections>, group: Vec<WaitingSave>) {
    let moved = match moved(&connections, &group).await {
        Err(ViewsError::Store(sqlx::Error::Database(_))) => HashSet::new(),
        Ok(moved) => moved,
        Err(error) => {
            let why = error.to_string();
            return group.into_iter().for_each(|save| save.answer(Err(ViewsError::Unusable(why.clone()))));
        }
    };
    let (done, alone): (Vec<_>, Vec<_>) = group.into_iter().partition(|save| moved.contains(save.build.name));
    done.into_iter().for_each(|save| save.answer(Ok(())));
    drop(turn);
    let one = |save: WaitingSave| {
        let connections = &connections;
        async move {
            let answer = save_one(connections, &save.build, save.epoch, &save.rows, save.step).await;
            save.answer(answer);
        }
    };
    join_all(alone.into_iter().map(one)).await;
}

/// The names of the read models of which the checkpoint was moved.
async fn moved(connections: &Connections, group: &[WaitingSave]) -> Result<HashSet<String>, ViewsError> {
    let each = |part: fn(&WaitingSave) -> i64| group.iter().map(part).collect::<Vec<i64>>();
    let positions = |part: fn(&WaitingSave) -> u64| group.iter().map(|save| signed(part(save))).collect();
    let (was, to): (Result<Vec<i64>, _>, Result<Vec<i64>, _>) =
        (positions(|save| save.step.from), positions(|save| save.step.to.position));
    let names: Vec<String> = group.iter().map(|save| save.build.name.to_owned()).collect();
    let ids: Vec<_> = group.iter().map(|save| save.step.to.event_id).collect();
    let told: Vec<String> = group.iter().map(|save| advanced(&save.build, save.step)).collect();
    let query = sqlx::query(include_str!("../../../sql/postgres/advance.sql"))
        .bind(names)
        .bind(each(|save| i64::from(save.build.version)))
        .bind(each(|save| save.build.build))
        .bind(each(|save| save.epoch))
        .bind(was?)
        .bind(to?)
        .bind(ids)
        .bind(each(|save| save.step.to.recorded_at))
        .bind(told);
    let rows = connections.fetch(query).await?;
    let moved = rows.first().map(|row| row.try_get::<Vec<String>, _>(0)).transpose()?;
    Ok(moved.unwrap_or_default().into_iter().collect())
}

/// Rows and checkpoint of one build in one statement.
pub async fn save_one(
    connections: &Connections,
    build: &Build,
    epoch: i64,
    rows: &[Saved],
    step: CheckpointAdvance,
) -> Result<(), ViewsError> {
    let (partitions, sorts) = split(rows.iter().filter(|(_, row)| row.is_some()).map(|(key, _)| key));
    let kept: Vec<Vec<u8>> = rows.iter().filter_map(|(_, row)| row.clone()).collect();
    let (gone_partitions, gone_sorts) = split(rows.iter().filter(|(_, row)| row.is_none()).map(|(key, _)| key));
    let position = step.to.position;
    let query = on_table(build, include_str!("../../../sql/postgres/save.sql"))
        .bind(epoch)
        .bind(signed(position)?)
        .bind(step.to.event_id)
        .bind(step.to.recorded_at)
        .bind(signed(step.from)?)
        .bind(partitions)
        .bind(sorts)
        .bind(kept)
        .bind(gone_partitions)
        .bind(gone_sorts)
        .bind(advanced(build, step));
    match connections.fetch(query).await?.first() {
        Some(_) => Ok(()),
        None => Err(ViewsError::Superseded(build.name)),
    }
}

/// The notification that a build has reached a position; `hearing.rs` reads it.
fn advanced(build: &Build, step: CheckpointAdvance) -> String {
    let Build { name, version, build } = build;
    format!("{name} {version} {build} {} {}", step.to.position, step.to.recorded_at)
}
