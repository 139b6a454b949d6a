//! Saves of several read models in one transaction. Each event moves the checkpoint of every read model, and a transaction costs far
//! more than a row: whichever save has its turn takes the others that wait along.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use sqlx::{AssertSqlSafe, Connection, Sqlite, SqliteConnection, Transaction};
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::{insert::put_rows, writer::ViewsWriter};
use crate::{
    ViewsError,
    fold::Saved,
    store::port::{Build, CheckpointAdvance, signed},
};

/// The maximum number of saves in one transaction. Each has eight parameters in one statement.
const GROUP_SAVES_MAX: usize = 64;
/// A save with more rows has a transaction of its own: it would make the others wait.
const GROUPED_ROWS_MAX: usize = 256;

pub type SaveAnswer = oneshot::Receiver<Result<(), ViewsError>>;

/// The saves that wait for their turn, in the order in which they came.
#[derive(Default)]
pub struct WaitingSaves(Mutex<VecDeque<WaitingSave>>);

/// A save of one read model.
pub struct WaitingSave {
    build: Build,
    epoch: i64,
    rows: Vec<Saved>,
    step: CheckpointAdvance,
    answer: oneshot::Sender<Result<(), ViewsError>>,
}

impl WaitingSaves {
    pub fn add(&self, build: Build, epoch: i64, rows: Vec<Saved>, step: CheckpointAdvance) -> SaveAnswer {
        let (answer, answered) = oneshot::channel();
        self.waiting().push_back(WaitingSave { build, epoch, rows, step, answer });
        answered
    }

    /// The saves of the next transaction: the first one, and those after it that are small and of other builds.
    pub fn take(&self) -> Vec<WaitingSave> {
        let mut waiting = self.waiting();
        let mut group: Vec<WaitingSave> = waiting.pop_front().into_iter().collect();
        let fits = |group: &[WaitingSave], next: &WaitingSave| {
            group.len() < GROUP_SAVES_MAX
                && group.iter().chain([next]).all(|save| save.rows.len() <= GROUPED_ROWS_MAX)
                && group.iter().all(|save| save.build != next.build)
        };
        while waiting.front().is_some_and(|next| fits(&group, next)) {
            group.extend(waiting.pop_front());
        }
        group
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<WaitingSave>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Saves these together. If that fails, each is saved alone, so that the fault of one is not that of another.
pub async fn save_group(mut writer: OwnedMutexGuard<ViewsWriter>, group: Vec<WaitingSave>) {
    let rows = group.iter().map(|save| save.rows.len()).sum();
    let together = group.len() > 1 && saved(&mut writer, &group).await.is_ok();
    for save in group {
        let answer = if together { Ok(()) } else { saved(&mut writer, std::slice::from_ref(&save)).await };
        // The follower may have been stopped in the meantime.
        let _ = save.answer.send(answer);
    }
    writer.checkpoints.committed(rows).await;
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
    let mut query =
        sqlx::query(AssertSqlSafe(include_str!("../../../sql/sqlite/advance.sql").replace(":steps", &steps)));
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

#[cfg(test)]
mod tests {
    use event_core::Key;
    use event_follow::Checkpoint;

    use super::*;

    fn add(saves: &WaitingSaves, build: i64, rows: usize) {
        let build = Build { name: "shelves", version: 1, build };
        let row = |number: usize| (Key::new("a", format_args!("{number}")), None);
        let step = CheckpointAdvance { from: 0, to: Checkpoint::START };
        drop(saves.add(build, 1, (0..rows).map(row).collect(), step));
    }

    fn taken(saves: &WaitingSaves) -> Vec<i64> {
        saves.take().iter().map(|save| save.build.build).collect()
    }

    #[test]
    fn small_saves_of_different_builds_are_one_group_in_their_order() {
        let saves = WaitingSaves::default();
        for (build, rows) in [(1, 0), (2, GROUPED_ROWS_MAX), (3, 1), (1, 1), (4, GROUPED_ROWS_MAX + 1), (5, 0)] {
            add(&saves, build, rows);
        }
        assert_eq!(taken(&saves), [1, 2, 3], "the second save of build 1 follows its first");
        assert_eq!(taken(&saves), [1], "a large one has a transaction of its own");
        assert_eq!(taken(&saves), [4]);
        assert_eq!(taken(&saves), [5]);
        assert_eq!(taken(&saves), [] as [i64; 0]);
    }

    #[test]
    fn a_group_has_a_limit() {
        let saves = WaitingSaves::default();
        (0..GROUP_SAVES_MAX + 1).for_each(|build| add(&saves, i64::try_from(build).expect("small"), 0));
        assert_eq!((saves.take().len(), saves.take().len()), (GROUP_SAVES_MAX, 1));
    }
}
