//! Saves of several read models at once. Each event moves the checkpoint of every read model, and a transaction costs far more than
//! a row: whichever save has its turn takes the others that wait along.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex as SyncMutex, MutexGuard as SyncMutexGuard, PoisonError},
};

use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use crate::{
    ViewsError,
    fold::Saved,
    store::port::{Build, CheckpointAdvance},
};

/// The maximum number of saves in one group.
const SAVES_MAX: usize = 64;
/// A save with more rows is a group of its own: it would make the others wait.
const GROUPED_ROWS_MAX: usize = 256;

/// Saves that take turns at a writer.
pub struct GroupSave<W> {
    pub writer: Arc<Mutex<W>>,
    waiting: WaitingSaves,
}

/// A save of one read model.
pub struct WaitingSave {
    pub build: Build,
    pub epoch: i64,
    pub rows: Vec<Saved>,
    pub step: CheckpointAdvance,
    answer: oneshot::Sender<Result<(), ViewsError>>,
}

impl WaitingSave {
    /// The follower may have been stopped in the meantime.
    pub fn answer(self, answer: Result<(), ViewsError>) {
        let _ = self.answer.send(answer);
    }
}

impl<W: Send + 'static> GroupSave<W> {
    pub fn new(writer: W) -> GroupSave<W> {
        GroupSave { writer: Arc::new(Mutex::new(writer)), waiting: WaitingSaves::default() }
    }

    /// Until this save is answered, waits for a turn and gives the next group to `write`, which answers each save of it.
    ///
    /// # Errors
    /// The answer of `write`.
    pub async fn save<F>(
        &self,
        (build, epoch): (Build, i64),
        rows: Vec<Saved>,
        step: CheckpointAdvance,
        write: impl Fn(OwnedMutexGuard<W>, Vec<WaitingSave>) -> F + Send + Sync,
    ) -> Result<(), ViewsError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let lost = |_| ViewsError::Unusable("the task that saves rows has ended".into());
        let (answer, mut answered) = oneshot::channel();
        self.waiting.add(WaitingSave { build, epoch, rows, step, answer });
        loop {
            let writer = tokio::select! {
                biased;
                saved = &mut answered => return saved.map_err(lost)?,
                writer = Arc::clone(&self.writer).lock_owned() => writer,
            };
            let group = self.waiting.take();
            if group.is_empty() {
                // This save is in a group that is being written.
                drop(writer);
                return answered.await.map_err(lost)?;
            }
            // A task, because the saves of others are in the group: they do not end with this call. If it panics, its saves have
            // no answer.
            let _ = tokio::spawn(write(writer, group)).await;
        }
    }
}

/// The saves that wait for their turn, in the order in which they came.
#[derive(Default)]
struct WaitingSaves(SyncMutex<VecDeque<WaitingSave>>);

impl WaitingSaves {
    fn add(&self, save: WaitingSave) {
        self.waiting().push_back(save);
    }

    /// The next group: the first save, and those after it that are small and of other read models. Without those of followers that
    /// have been stopped in the meantime.
    fn take(&self) -> Vec<WaitingSave> {
        let mut waiting = self.waiting();
        waiting.retain(|save| !save.answer.is_closed());
        let mut group: Vec<WaitingSave> = waiting.pop_front().into_iter().collect();
        let fits = |group: &[WaitingSave], next: &WaitingSave| {
            group.len() < SAVES_MAX
                && group.iter().chain([next]).all(|save| save.rows.len() <= GROUPED_ROWS_MAX)
                && group.iter().all(|save| save.build.name != next.build.name)
        };
        while waiting.front().is_some_and(|next| fits(&group, next)) {
            group.extend(waiting.pop_front());
        }
        group
    }

    fn waiting(&self) -> SyncMutexGuard<'_, VecDeque<WaitingSave>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use event_core::Key;
    use event_follow::Checkpoint;

    use super::*;

    const NAMES: [&str; 5] = ["loans", "shelves", "books", "readers", "fines"];

    type SaveAnswer = oneshot::Receiver<Result<(), ViewsError>>;

    fn add(saves: &WaitingSaves, name: &'static str, rows: usize) -> SaveAnswer {
        let row = |number: usize| (Key::new("a", format_args!("{number}")), None);
        let step = CheckpointAdvance { from: 0, to: Checkpoint::START };
        let build = Build { name, version: 1, build: 1 };
        let (answer, answered) = oneshot::channel();
        saves.add(WaitingSave { build, epoch: 1, rows: (0..rows).map(row).collect(), step, answer });
        answered
    }

    fn taken(saves: &WaitingSaves) -> Vec<&'static str> {
        saves.take().iter().map(|save| save.build.name).collect()
    }

    #[test]
    fn small_saves_of_different_read_models_are_one_group_in_their_order() {
        let saves = WaitingSaves::default();
        let [loans, shelves, books, readers, fines] = NAMES;
        let (most, large) = (GROUPED_ROWS_MAX, GROUPED_ROWS_MAX + 1);
        let waiting = [(loans, 0), (shelves, most), (books, 1), (loans, 1), (readers, large), (fines, 0)];
        let waiting = waiting.map(|(name, rows)| add(&saves, name, rows));
        drop(add(&saves, "stopped", 0));
        assert_eq!(taken(&saves), [loans, shelves, books], "the second save of a read model follows its first");
        assert_eq!(taken(&saves), [loans], "a large one is a group of its own");
        assert_eq!(taken(&saves), [readers]);
        assert_eq!(taken(&saves), [fines]);
        assert!(taken(&saves).is_empty(), "that of a follower that was stopped is not saved");
        drop(waiting);
    }

    #[tokio::test]
    async fn each_save_has_its_own_answer_whichever_call_has_the_turn() {
        let group = GroupSave::new(());
        let step = CheckpointAdvance { from: 0, to: Checkpoint::START };
        let before = Arc::clone(&group.writer).lock_owned().await;
        let save = |name| {
            let write = |_, saves: Vec<WaitingSave>| async move {
                assert_eq!(saves.len(), NAMES.len(), "one turn for all that wait");
                for save in saves {
                    let answer = match save.build.name {
                        "books" => Err(ViewsError::Superseded(save.build.name)),
                        _ => Ok(()),
                    };
                    save.answer(answer);
                }
            };
            group.save((Build { name, version: 1, build: 1 }, 1), Vec::new(), step, write)
        };
        let all = futures::future::join_all(NAMES.map(save));
        let (answers, ()) = futures::future::join(all, async { drop(before) }).await;
        let saved: Vec<bool> = answers.iter().map(Result::is_ok).collect();
        assert_eq!(saved, NAMES.map(|name| name != "books"));
    }
}
