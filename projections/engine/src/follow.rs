//! Following the log: read a batch, fold it, save rows and checkpoint, strictly in order. The next batch is read while
//! this one is written.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use event_log::{Log, LogError};
use tokio_util::sync::CancellationToken;
use vocabulary::Raw;

use crate::{
    ViewsError,
    fold::{Fold, Stop},
    store::{Build, Checkpoint, Store},
    views::{Kept, Turn},
};

/// Events of one batch.
pub const BATCH_EVENTS_MAX: usize = 5_000;
/// How long a follower waits before it tries again what the database or the disk refused.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Follows until `stop`.
///
/// # Errors
/// When the read model is another process's now.
pub async fn follow(store: &Store, log: &Log, kept: &Arc<Kept>, stop: &CancellationToken) -> Result<(), ViewsError> {
    let mut end = log.watch();
    let mut ahead = None;
    let name = kept.model.name;
    while !stop.is_cancelled() {
        let stopped = kept.stopped();
        metrics::gauge!("views_stopped", "name" => name).set(if stopped.is_some() { 1.0 } else { 0.0 });
        if let Some(stopped) = stopped {
            tracing::error!(name, position = stopped.position, why = stopped.why, "a read model has stopped");
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = kept.replaced.notified() => continue,
            }
        }
        let reached = *kept.position.borrow();
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            more = end.wait_for(|end| *end > reached) => if more.is_err() { return Ok(()) },
        }
        match step(store, log, kept, ahead.take()).await {
            Ok(next) => ahead = next,
            Err(ViewsError::Stopped { position, why, .. }) => kept.stop(Stop { position, why }),
            Err(error @ ViewsError::Row { .. }) => {
                kept.stop(Stop { position: reached + 1, why: error.to_string() });
            }
            Err(ViewsError::Superseded(name)) => return Err(ViewsError::Superseded(name)),
            Err(error) => {
                tracing::warn!(name, %error, "a read model could not go on and tries again");
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(RETRY_AFTER) => {}
                }
            }
        }
    }
    Ok(())
}

/// Events that were read ahead, and the position after which they begin.
struct Ahead {
    after: u64,
    batch: Vec<Raw>,
}

/// One batch; gives back the batch after it.
async fn step(store: &Store, log: &Log, kept: &Kept, ahead: Option<Ahead>) -> Result<Option<Ahead>, ViewsError> {
    let mut turn = kept.turn.lock().await;
    let after = turn.checkpoint.position;
    let batch = match ahead {
        Some(ahead) if ahead.after == after => ahead.batch,
        Some(_) | None => read(log, kept, after).await?,
    };
    let Some(last) = batch.last().map(|event| event.position) else { return Ok(None) };
    metrics::histogram!("views_batch_events", "name" => kept.model.name).record((last - after) as f64);
    let build = kept.live_build();
    let passed_over = (kept.model.passed_over)();
    let next = async {
        if last >= log.end() {
            return None;
        }
        // What could not be read ahead is read again, and its fault is then told.
        log.read_without(&passed_over, last, BATCH_EVENTS_MAX).await.ok().map(|batch| Ahead { after: last, batch })
    };
    let (applied, next) = tokio::join!(apply(store, &build, (kept.model.fold)(), &mut turn, batch), next);
    match applied {
        Ok(recorded_at) => advanced(kept, &turn, recorded_at),
        Err(ViewsError::Stopped { position, name, why }) => {
            // What lies before it is applied; then it stops there.
            let before = usize::try_from(position - after - 1).unwrap_or_default();
            if before > 0 {
                let batch = log.read_without(&passed_over, after, before).await?;
                let recorded_at = apply(store, &build, (kept.model.fold)(), &mut turn, batch).await?;
                advanced(kept, &turn, recorded_at);
            }
            return Err(ViewsError::Stopped { name, position, why });
        }
        Err(error) => return Err(error),
    }
    Ok(next)
}

/// The events after a position: those that the read model has a use for, and the last one of the page.
///
/// # Errors
/// `Stopped` where the log cannot give the next event, now or ever.
async fn read(log: &Log, kept: &Kept, after: u64) -> Result<Vec<Raw>, ViewsError> {
    let passed_over = (kept.model.passed_over)();
    match log.read_without(&passed_over, after, BATCH_EVENTS_MAX).await {
        // What lies before the damage is taken first.
        Err(LogError::Damaged { position, .. }) if position > after + 1 => {
            let before = usize::try_from(position - after - 1).unwrap_or(BATCH_EVENTS_MAX);
            Ok(log.read_without(&passed_over, after, before).await?)
        }
        Err(error @ LogError::Damaged { .. }) => {
            let why = error.to_string();
            Err(ViewsError::Stopped { name: kept.model.name, position: after + 1, why })
        }
        read => Ok(read?),
    }
}

/// Readers who wait for this position are woken.
pub fn advanced(kept: &Kept, turn: &Turn, recorded_at: i64) {
    kept.recorded_at.store(recorded_at, Ordering::Relaxed);
    kept.position.send_replace(turn.checkpoint.position);
}

/// Folds a batch and saves it; gives back when its last event was recorded (microseconds).
///
/// # Errors
/// `Stopped` at the event at which it cannot go on: then nothing of the batch is saved.
pub async fn apply(
    store: &Store,
    build: &Build,
    fold: Box<dyn Fold>,
    turn: &mut Turn,
    batch: Vec<Raw>,
) -> Result<i64, ViewsError> {
    let Some(last) = batch.last() else { return Ok(0) };
    let (to, recorded_at) =
        (Checkpoint { position: last.position, event_id: Some(last.id) }, last.recorded_at.micros());
    let (mut fold, wanted) = take(build, fold, batch).await?;
    for (key, row) in store.load(build, &wanted).await? {
        fold.put(key, &row)?;
    }
    let folded = off(move || fold.fold().map(|()| fold.flush(usize::MAX))).await?;
    let rows = folded.map_err(|stop| stopped(build, stop))??;
    metrics::counter!("views_rows_written", "name" => build.name).increment(rows.len() as u64);
    store.save(build, turn.epoch, &rows, to).await?;
    turn.checkpoint = to;
    Ok(recorded_at)
}

/// Decodes a batch off the runtime's threads, and says which rows it needs.
///
/// # Errors
/// `Stopped`.
pub async fn take(
    build: &Build,
    mut fold: Box<dyn Fold>,
    batch: Vec<Raw>,
) -> Result<(Box<dyn Fold>, Vec<views::Key>), ViewsError> {
    let taken = off(move || {
        let taken = fold.take(batch);
        let wanted = fold.wanted();
        taken.map(|()| (fold, wanted))
    });
    taken.await?.map_err(|stop| stopped(build, stop))
}

pub fn stopped(build: &Build, stop: Stop) -> ViewsError {
    ViewsError::Stopped { name: build.name, position: stop.position, why: stop.why }
}

/// Runs work that needs the processor on a thread of its own.
pub async fn off<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ViewsError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ViewsError::Unusable(format!("a read model's thread ended: {error}")))
}
