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
    fold::{Fold, Saved, Stop},
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
    let mut ahead = Vec::new();
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
        match step(store, log, kept, std::mem::take(&mut ahead)).await {
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

/// One batch; gives back the batch after it.
async fn step(store: &Store, log: &Log, kept: &Kept, ahead: Vec<Raw>) -> Result<Vec<Raw>, ViewsError> {
    let mut turn = kept.turn.lock().await;
    let after = turn.checkpoint.position;
    let fits = ahead.first().is_some_and(|event| event.position == after + 1);
    let batch = if fits { ahead } else { read(log, kept, after).await? };
    let Some(last) = batch.last().map(|event| event.position) else { return Ok(Vec::new()) };
    metrics::histogram!("views_batch_events", "name" => kept.model.name).record(batch.len() as f64);
    let build = kept.live_build();
    let next = async {
        let more = last < log.end();
        if more { log.read(last, BATCH_EVENTS_MAX).await } else { Ok(Vec::new()) }
    };
    let (applied, next) = tokio::join!(apply(store, &build, (kept.model.fold)(), &mut turn, batch), next);
    match applied {
        Ok(recorded_at) => advanced(kept, &turn, recorded_at),
        Err(ViewsError::Stopped { position, name, why }) => {
            // What lies before it is applied; then it stops there.
            let before = usize::try_from(position - after - 1).unwrap_or_default();
            if before > 0 {
                let batch = log.read(after, before).await?;
                let recorded_at = apply(store, &build, (kept.model.fold)(), &mut turn, batch).await?;
                advanced(kept, &turn, recorded_at);
            }
            return Err(ViewsError::Stopped { name, position, why });
        }
        Err(error) => return Err(error),
    }
    // What could not be read ahead is read again, and its fault is then told.
    Ok(next.unwrap_or_default())
}

/// The events after a position.
///
/// # Errors
/// `Stopped` where the log cannot give the next event, now or ever.
async fn read(log: &Log, kept: &Kept, after: u64) -> Result<Vec<Raw>, ViewsError> {
    let stopped = |why| ViewsError::Stopped { name: kept.model.name, position: after + 1, why };
    match log.read(after, BATCH_EVENTS_MAX).await {
        // Where there is nothing to read, a rebuild has come before.
        Ok(batch) if batch.is_empty() && after < log.end() => {
            Err(stopped(format!("the log ends at {}, but has no such event", log.end())))
        }
        // What lies before the damage is taken first.
        Err(LogError::Damaged { position, .. }) if position > after + 1 => {
            let before = usize::try_from(position - after - 1).unwrap_or(BATCH_EVENTS_MAX);
            Ok(log.read(after, before).await?)
        }
        Err(error @ LogError::Damaged { .. }) => Err(stopped(error.to_string())),
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
    let (mut fold, wanted) = take(build, fold, turn.checkpoint.position, batch).await?;
    for (key, row) in store.load(build, &wanted).await? {
        fold.put(key, &row)?;
    }
    let rows = finish(build, fold).await?;
    metrics::counter!("views_rows_written", "name" => build.name).increment(rows.len() as u64);
    store.save(build, turn.epoch, &rows, to).await?;
    turn.checkpoint = to;
    Ok(recorded_at)
}

/// Decodes a batch that has to follow `after` without a hole, off the runtime's threads.
///
/// # Errors
/// `Stopped`.
pub async fn take(
    build: &Build,
    mut fold: Box<dyn Fold>,
    after: u64,
    batch: Vec<Raw>,
) -> Result<(Box<dyn Fold>, Vec<views::Key>), ViewsError> {
    if let Some((event, expected)) = batch.iter().zip(after + 1..).find(|(event, expected)| event.position != *expected)
    {
        let why = format!("after position {} comes {}: there is a hole", expected - 1, event.position);
        return Err(ViewsError::Stopped { name: build.name, position: expected, why });
    }
    let taken = off(move || {
        let taken = fold.take(batch);
        let wanted = fold.wanted();
        taken.map(|()| (fold, wanted))
    });
    taken.await?.map_err(|stop| stopped(build, stop))
}

async fn finish(build: &Build, mut fold: Box<dyn Fold>) -> Result<Vec<Saved>, ViewsError> {
    let folded = off(move || fold.fold().map(|()| fold.flush())).await?;
    folded.map_err(|stop| stopped(build, stop))?
}

pub fn stopped(build: &Build, stop: Stop) -> ViewsError {
    ViewsError::Stopped { name: build.name, position: stop.position, why: stop.why }
}

/// Runs work that needs the processor on a thread of its own.
pub async fn off<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ViewsError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ViewsError::Unusable(format!("a read model's thread ended: {error}")))
}
