//! A read model as the subscriber of a follower: folds a batch, and saves rows and checkpoint in one transaction.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
};

use async_trait::async_trait;
use event_core::Key;
use event_follow::{Checkpoint, Handled, Stop, Subscriber, SubscriberFault};
use event_log::{EventPage, LogError};

use crate::{
    ViewsError,
    fold::{Fold, Refusal},
    live_model::{LiveModel, WriteState},
    store::{Build, CheckpointAdvance, OwnedBuild, Store},
};

/// The maximum number of events of one page of the log.
pub const BATCH_EVENTS_MAX: usize = 5_000;
/// A batch of so many events, with so many rows, is folded where it is: another thread would take longer to wake up than to fold it.
const SMALL_BATCH_EVENTS_MAX: usize = 16;
const SMALL_BATCH_ROWS_MAX: usize = 64;

/// A fold with the events of a batch, the rest of the page, and the keys of the rows that the batch needs.
type TakenBatch = (Box<dyn Fold>, EventPage, Vec<Key>);

/// The live build of a read model, which this process follows.
pub struct LiveRows<'a> {
    pub store: &'a Store,
    pub kept: &'a Arc<LiveModel>,
}

#[async_trait]
impl Subscriber for LiveRows<'_> {
    fn name(&self) -> &str {
        self.kept.model.name
    }

    fn passed_over(&self) -> Vec<&'static str> {
        self.kept.passed_over.clone()
    }

    async fn checkpoint(&self) -> Checkpoint {
        self.kept.turn.lock().await.checkpoint
    }

    async fn handle(&self, page: EventPage) -> Result<Handled, SubscriberFault> {
        let mut turn = self.kept.turn.lock().await;
        let after = turn.checkpoint.position;
        if page.after != after {
            // A rebuild has replaced this build in the meantime.
            return Err(SubscriberFault::Moved);
        }
        let build = self.kept.live_build();
        let rest = apply(self.store, &build, self.kept, &mut turn, page).await.map_err(|error| fault(error, after))?;
        let name = self.kept.model.name;
        metrics::histogram!("views_batch_events", "name" => name).record((turn.checkpoint.position - after) as f64);
        advanced(self.kept, &turn);
        Ok(Handled { checkpoint: turn.checkpoint, rest })
    }

    fn stopped(&self) -> Option<Stop> {
        let stopped = self.kept.stopped();
        metrics::gauge!("views_stopped", "name" => self.kept.model.name).set(f64::from(u8::from(stopped.is_some())));
        stopped
    }

    async fn stop(&self, stop: Stop) {
        if let Some(shared) = &self.store.shared {
            let own = OwnedBuild { build: self.kept.live_build(), epoch: self.kept.turn.lock().await.epoch };
            if let Err(error) = shared.stop(own, Some(&stop)).await {
                let name = self.kept.model.name;
                tracing::warn!(name, %error, "that a read model has stopped could not be told to the others");
            }
        }
        self.kept.stop(stop);
    }
}

/// The meaning of an error of a batch after this position.
fn fault(error: ViewsError, after: u64) -> SubscriberFault {
    match error {
        ViewsError::Stopped { position, why, .. } => SubscriberFault::Stop(Stop { position, why }),
        error @ ViewsError::Row { .. } => SubscriberFault::Stop(Stop { position: after + 1, why: error.to_string() }),
        ViewsError::Superseded(_) => SubscriberFault::Superseded,
        error @ (ViewsError::Unknown(_)
        | ViewsError::BeingRebuilt { .. }
        | ViewsError::Unusable(_)
        | ViewsError::Gap { .. }
        | ViewsError::Store(_)
        | ViewsError::Log(_)) => SubscriberFault::Passing(error.to_string()),
    }
}

/// Publishes the new position, which wakes the readers that wait for it.
pub fn advanced(kept: &LiveModel, turn: &WriteState) {
    kept.recorded_at.store(turn.checkpoint.recorded_at, Ordering::Relaxed);
    kept.position.send_replace(turn.checkpoint.position);
}

/// Folds a batch and saves it. Returns the rest of the page.
///
/// # Errors
/// `Stopped` at the event that the read model cannot process. Nothing of the batch is saved then.
pub async fn apply(
    store: &Store,
    build: &Build,
    kept: &LiveModel,
    turn: &mut WriteState,
    page: EventPage,
) -> Result<EventPage, ViewsError> {
    let is_small = page.len() <= SMALL_BATCH_EVENTS_MAX;
    let (mut fold, rest, wanted) = match (kept.model.fold)(turn.checkpoint) {
        fold if is_small => here(|| taken(build, fold, page))??,
        fold => take(build, fold, page).await?,
    };
    let to = fold.checkpoint();
    for (key, row) in store.rows.load(build, &wanted).await? {
        fold.put(key, &row)?;
    }
    let is_small = is_small && wanted.len() <= SMALL_BATCH_ROWS_MAX;
    let work = move || fold.fold().map(|()| fold.flush(usize::MAX, usize::MAX));
    let folded = if is_small { here(work)? } else { off(work).await? };
    let rows = folded.map_err(|stop| stopped(build, stop))??;
    metrics::counter!("views_rows_written", "name" => build.name).increment(rows.len() as u64);
    store.rows.save(build, turn.epoch, rows, CheckpointAdvance { from: turn.checkpoint.position, to }).await?;
    turn.checkpoint = to;
    Ok(rest)
}

/// Folds and saves a whole page, batch by batch.
///
/// # Errors
/// Like `apply`. Also if the page is empty although the log continues: the caller's loop would never end.
pub async fn apply_all(
    store: &Store,
    build: &Build,
    kept: &LiveModel,
    turn: &mut WriteState,
    mut page: EventPage,
) -> Result<(), ViewsError> {
    if page.is_empty() {
        let why = "the log goes on, but cannot be read".to_owned();
        return Err(LogError::Damaged { position: page.after + 1, why }.into());
    }
    while !page.is_empty() {
        page = apply(store, build, kept, turn, page).await?;
    }
    Ok(())
}

/// Decodes a batch on a blocking thread.
///
/// # Errors
/// As defined by `refused`.
pub async fn take(build: &Build, fold: Box<dyn Fold>, page: EventPage) -> Result<TakenBatch, ViewsError> {
    let build = *build;
    off(move || taken(&build, fold, page)).await?
}

/// Decodes a batch on this thread.
fn taken(build: &Build, mut fold: Box<dyn Fold>, page: EventPage) -> Result<TakenBatch, ViewsError> {
    match fold.take(page) {
        Ok(rest) => {
            let wanted = fold.wanted();
            Ok((fold, rest, wanted))
        }
        Err(refusal) => Err(refused(build, refusal)),
    }
}

pub fn stopped(build: &Build, stop: Stop) -> ViewsError {
    ViewsError::Stopped { name: build.name, position: stop.position, why: stop.why }
}

pub fn refused(build: &Build, refusal: Refusal) -> ViewsError {
    match refusal {
        Refusal::Stopped(stop) => stopped(build, stop),
        Refusal::Gap { position, page_after } => ViewsError::Gap { name: build.name, position, page_after },
    }
}

/// Runs little work on this thread. A panic is an error of this read model, as it is on a blocking thread.
fn here<T>(work: impl FnOnce() -> T) -> Result<T, ViewsError> {
    let done = catch_unwind(AssertUnwindSafe(work));
    done.map_err(|_panic| ViewsError::Unusable("a read model panicked".into()))
}

/// Runs CPU-bound work on a blocking thread.
pub async fn off<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ViewsError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ViewsError::Unusable(format!("a read model's thread ended: {error}")))
}
