//! Following the log: take a batch, fold it, save rows and checkpoint, strictly in order. The next batch is read while
//! this one is written.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use event_log::{Log, LogError, feed::Feeds};
use tokio::{sync::mpsc, task::JoinHandle, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use vocabulary::Raw;

use crate::{
    ViewsError,
    fold::{Fold, Stop},
    share::Share,
    store::{Build, Checkpoint, LEASE, Step, Store},
    views::{Kept, Turn},
};

/// Events of one batch.
pub const BATCH_EVENTS_MAX: usize = 5_000;
/// Batches that are read ahead of the one that is being folded.
const BATCHES_AHEAD_MAX: usize = 1;
/// How long a follower waits before it tries again what the database or the disk refused.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How following ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to.
    Asked,
    /// The read model is somebody else's now, or nobody's.
    Lost,
}

/// What a follower works with.
pub struct Follower<'a> {
    pub store: &'a dyn Store,
    pub log: &'a Log,
    pub feeds: &'a dyn Feeds,
    pub kept: &'a Arc<Kept>,
    /// `None` where the views are this process's own.
    pub share: Option<&'a Share>,
}

/// Batches of a feed, read ahead. What reads them ends with this.
struct Ahead {
    /// The position before the next batch.
    after: u64,
    batches: mpsc::Receiver<Result<Vec<Raw>, LogError>>,
    reading: JoinHandle<()>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Ahead {
    fn of(feeds: &dyn Feeds, kept: &Kept, from: Checkpoint) -> Ahead {
        let mut feed = feeds.after(from.position, from.event_id, (kept.model.passed_over)());
        let (to, batches) = mpsc::channel(BATCHES_AHEAD_MAX);
        let reading = tokio::spawn(async move {
            let mut failed = false;
            while !failed {
                let batch = feed.next().await;
                failed = batch.is_err();
                if to.send(batch).await.is_err() {
                    return;
                }
            }
        });
        Ahead { after: from.position, batches, reading }
    }
}

impl Follower<'_> {
    /// Follows until `stop`, or until the read model is this process's no more.
    ///
    /// # Errors
    /// When views of this process's own are another process's now.
    pub async fn follow(&self, stop: &CancellationToken) -> Result<Ended, ViewsError> {
        let name = self.kept.model.name;
        let mut ahead: Option<Ahead> = None;
        // A third of a lease, so that two answers may be lost.
        let mut tick = tokio::time::interval(LEASE / 3);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stopped = self.kept.stopped();
            metrics::gauge!("views_stopped", "name" => name).set(if stopped.is_some() { 1.0 } else { 0.0 });
            if let Some(stopped) = &stopped {
                tracing::error!(name, position = stopped.position, why = stopped.why, "a read model has stopped");
                ahead = None;
            }
            while stopped.is_some() == self.kept.stopped().is_some() {
                let from = self.kept.turn.lock().await.checkpoint;
                let mut next = match ahead.take().filter(|ahead| ahead.after == from.position) {
                    Some(ahead) => ahead,
                    None if stopped.is_some() => Ahead::none(),
                    None => Ahead::of(self.feeds, self.kept, from),
                };
                let batch = tokio::select! {
                    () = stop.cancelled() => return Ok(Ended::Asked),
                    () = self.kept.replaced.notified() => {
                        if self.share.is_some() { return Ok(Ended::Lost) }
                        continue;
                    }
                    _ = tick.tick(), if self.share.is_some() => {
                        if !self.keeps_it().await { return Ok(Ended::Lost) }
                        ahead = Some(next);
                        continue;
                    }
                    batch = next.batches.recv() => batch,
                };
                match self.step(&mut next, batch).await {
                    Ok(()) => ahead = Some(next),
                    Err(error) => {
                        if let Some(ended) = self.trouble(error, from.position, stop).await? {
                            return Ok(ended);
                        }
                    }
                }
            }
        }
    }

    /// Renews the lease; false if it is gone, or given back because others have too little to do.
    async fn keeps_it(&self) -> bool {
        let (build, epoch) = (self.kept.live_build(), self.kept.turn.lock().await.epoch);
        if self.share.is_some_and(Share::gives_one_back) {
            // That it was not given back only means that others wait until it runs out.
            let _ = self.store.release(&build, epoch).await;
            return false;
        }
        // Where the database does not answer, the next save tells.
        self.store.renew(&build, epoch).await.unwrap_or(true)
    }

    /// What an error means; `None`: it is tried again.
    async fn trouble(
        &self,
        error: ViewsError,
        reached: u64,
        stop: &CancellationToken,
    ) -> Result<Option<Ended>, ViewsError> {
        let name = self.kept.model.name;
        let stopped = match error {
            ViewsError::Stopped { position, why, .. } => Stop { position, why },
            error @ ViewsError::Row { .. } => Stop { position: reached + 1, why: error.to_string() },
            ViewsError::Superseded(_) if self.share.is_some() => return Ok(Some(Ended::Lost)),
            ViewsError::Superseded(name) => return Err(ViewsError::Superseded(name)),
            error @ (ViewsError::Unknown(_) | ViewsError::Unusable(_) | ViewsError::Store(_) | ViewsError::Log(_)) => {
                tracing::warn!(name, %error, "a read model could not go on and tries again");
                tokio::select! {
                    () = stop.cancelled() => return Ok(Some(Ended::Asked)),
                    () = tokio::time::sleep(RETRY_AFTER) => return Ok(None),
                }
            }
        };
        let (build, epoch) = (self.kept.live_build(), self.kept.turn.lock().await.epoch);
        if let Err(error) = self.store.stop(&build, epoch, Some(&stopped)).await {
            tracing::warn!(name, %error, "that a read model has stopped could not be told to the others");
        }
        self.kept.stop(stopped);
        Ok(None)
    }

    /// Folds and saves one batch.
    async fn step(&self, ahead: &mut Ahead, batch: Option<Result<Vec<Raw>, LogError>>) -> Result<(), ViewsError> {
        let name = self.kept.model.name;
        let mut turn = self.kept.turn.lock().await;
        let after = turn.checkpoint.position;
        let batch = match batch {
            // Meanwhile a rebuild took its place.
            _ if ahead.after != after => return Ok(()),
            Some(Ok(batch)) => batch,
            Some(Err(LogError::OtherHistory(why))) => {
                return Err(ViewsError::Stopped { name, position: after, why });
            }
            Some(Err(error @ LogError::Damaged { .. })) => {
                return Err(ViewsError::Stopped { name, position: after + 1, why: error.to_string() });
            }
            Some(Err(error)) => return Err(error.into()),
            None => return Err(ViewsError::Unusable("the feed has ended".into())),
        };
        let Some(last) = batch.last().map(|event| event.position) else { return Ok(()) };
        metrics::histogram!("views_batch_events", "name" => name).record((last - after) as f64);
        let build = self.kept.live_build();
        match apply(self.store, &build, (self.kept.model.fold)(), &mut turn, batch).await {
            Ok(recorded_at) => advanced(self.kept, &turn, recorded_at),
            Err(ViewsError::Stopped { position, name, why }) => {
                // What lies before it is applied; then it stops there.
                let before = usize::try_from(position - after - 1).unwrap_or_default();
                if before > 0 {
                    let batch = self.log.read_without(&(self.kept.model.passed_over)(), after, before).await?;
                    let recorded_at = apply(self.store, &build, (self.kept.model.fold)(), &mut turn, batch).await?;
                    advanced(self.kept, &turn, recorded_at);
                }
                return Err(ViewsError::Stopped { name, position, why });
            }
            Err(error) => return Err(error),
        }
        ahead.after = last;
        Ok(())
    }
}

impl Ahead {
    /// Of a read model that has stopped: nothing is read.
    fn none() -> Ahead {
        let (to, batches) = mpsc::channel(BATCHES_AHEAD_MAX);
        let reading = tokio::spawn(async move { to.closed().await });
        Ahead { after: u64::MAX, batches, reading }
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
    store: &dyn Store,
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
    let step = Step { from: turn.checkpoint.position, to, recorded_at };
    store.save(build, turn.epoch, &rows, step).await?;
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
