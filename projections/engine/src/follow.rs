//! Following the log: take a batch, fold it, save rows and checkpoint, strictly in order. The next batch is read while
//! this one is written.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use event_core::Key;
use event_log::{EventPage, Log, LogError, feed::Feeds};
use tokio::{sync::mpsc, task::JoinHandle, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::{
    ViewsError,
    assignment::Assignment,
    fold::{Fold, Refusal, Stop},
    store::{Build, Checkpoint, CheckpointAdvance, LEASE, Store},
    views::{LiveModel, WriteState},
};

/// Events of one page of the log.
pub const BATCH_EVENTS_MAX: usize = 5_000;
/// Pages that are read ahead of the one that is being folded.
const PAGES_AHEAD_MAX: usize = 1;
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
    pub kept: &'a Arc<LiveModel>,
    /// `None` where the views are this process's own.
    pub share: Option<&'a Assignment>,
}

type PageRead = Result<EventPage, LogError>;

/// Pages of a feed, read ahead. What reads them ends with this.
struct Ahead {
    /// The position before the next page.
    after: u64,
    /// What is left of a page that is more than a batch.
    rest: Option<EventPage>,
    pages: mpsc::Receiver<PageRead>,
    reading: JoinHandle<()>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Ahead {
    fn of(feeds: &dyn Feeds, kept: &LiveModel, from: Checkpoint) -> Ahead {
        let mut feed = feeds.after(from.position, from.event_id, kept.passed_over.clone());
        let (to, pages) = mpsc::channel(PAGES_AHEAD_MAX);
        let reading = tokio::spawn(async move {
            let mut failed = false;
            while !failed {
                let page = feed.next().await;
                failed = page.is_err();
                if to.send(page).await.is_err() {
                    return;
                }
            }
        });
        Ahead { after: from.position, rest: None, pages, reading }
    }

    /// Of a read model that has stopped: nothing is read.
    fn none() -> Ahead {
        let (to, pages) = mpsc::channel(PAGES_AHEAD_MAX);
        let reading = tokio::spawn(async move { to.closed().await });
        Ahead { after: u64::MAX, rest: None, pages, reading }
    }

    /// The next page, or the rest of the last one; `None` when the feed has ended. Cancel-safe.
    async fn next(&mut self) -> Option<PageRead> {
        match self.rest.take() {
            Some(rest) => Some(Ok(rest)),
            None => self.pages.recv().await,
        }
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
                if from.position >= self.log.end() {
                    self.kept.troubles.passed();
                }
                let mut next = match ahead.take().filter(|ahead| ahead.after == from.position) {
                    Some(ahead) => ahead,
                    None if stopped.is_some() => Ahead::none(),
                    None => Ahead::of(self.feeds, self.kept, from),
                };
                let page = tokio::select! {
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
                    page = next.next() => page,
                };
                match self.step(&mut next, page).await {
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
        if self.share.is_some_and(Assignment::gives_one_back) {
            // That it was not given back only means that others wait until it runs out.
            let _ = self.store.release(&build, epoch).await;
            return false;
        }
        match self.store.renew(&build, epoch).await {
            Ok(is_own) => is_own,
            // Where the database does not answer, the next save tells.
            Err(error) => {
                self.kept.troubles.failed(error.to_string());
                true
            }
        }
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
            error @ (ViewsError::Unknown(_)
            | ViewsError::BeingRebuilt { .. }
            | ViewsError::Unusable(_)
            | ViewsError::Gap { .. }
            | ViewsError::Store(_)
            | ViewsError::Log(_)) => {
                tracing::warn!(name, %error, "a read model could not go on and tries again");
                self.kept.troubles.failed(error.to_string());
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

    /// Folds and saves one batch: a page, or a part of it.
    async fn step(&self, ahead: &mut Ahead, page: Option<PageRead>) -> Result<(), ViewsError> {
        let name = self.kept.model.name;
        let mut turn = self.kept.turn.lock().await;
        let after = turn.checkpoint.position;
        let page = match page {
            // Meanwhile a rebuild took its place.
            _ if ahead.after != after => return Ok(()),
            Some(Ok(page)) => page,
            Some(Err(LogError::OtherHistory(why))) => {
                return Err(ViewsError::Stopped { name, position: after, why });
            }
            Some(Err(error @ LogError::Damaged { .. })) => {
                return Err(ViewsError::Stopped { name, position: after + 1, why: error.to_string() });
            }
            Some(Err(error)) => return Err(error.into()),
            None => return Err(ViewsError::Unusable("the feed has ended".into())),
        };
        if page.is_empty() {
            return Ok(());
        }
        let build = self.kept.live_build();
        match apply(self.store, &build, self.kept, &mut turn, page).await {
            Ok(rest) => {
                ahead.after = turn.checkpoint.position;
                ahead.rest = Some(rest).filter(|rest| !rest.is_empty());
                metrics::histogram!("views_batch_events", "name" => name).record((ahead.after - after) as f64);
                advanced(self.kept, &turn);
                self.kept.troubles.passed();
                Ok(())
            }
            Err(ViewsError::Stopped { position, name, why }) => {
                // What lies before it is applied; then it stops there.
                while turn.checkpoint.position + 1 < position {
                    let (from, last) = (turn.checkpoint.position, position - 1);
                    let page = self.log.read_range(&self.kept.passed_over, from, last).await?;
                    apply_all(self.store, &build, self.kept, &mut turn, page).await?;
                    advanced(self.kept, &turn);
                }
                Err(ViewsError::Stopped { name, position, why })
            }
            Err(error) => Err(error),
        }
    }
}

/// Readers who wait for this position are woken.
pub fn advanced(kept: &LiveModel, turn: &WriteState) {
    kept.recorded_at.store(turn.checkpoint.recorded_at, Ordering::Relaxed);
    kept.position.send_replace(turn.checkpoint.position);
}

/// Folds a batch and saves it; gives back what is left of the page.
///
/// # Errors
/// `Stopped` at the event at which it cannot go on: then nothing of the batch is saved.
pub async fn apply(
    store: &dyn Store,
    build: &Build,
    kept: &LiveModel,
    turn: &mut WriteState,
    page: EventPage,
) -> Result<EventPage, ViewsError> {
    let (mut fold, rest, wanted) = take(build, (kept.model.fold)(turn.checkpoint), page).await?;
    let to = fold.checkpoint();
    for (key, row) in store.load(build, &wanted).await? {
        fold.put(key, &row)?;
    }
    let folded = off(move || fold.fold().map(|()| fold.flush(usize::MAX, usize::MAX))).await?;
    let rows = folded.map_err(|stop| stopped(build, stop))??;
    metrics::counter!("views_rows_written", "name" => build.name).increment(rows.len() as u64);
    store.save(build, turn.epoch, &rows, CheckpointAdvance { from: turn.checkpoint.position, to }).await?;
    turn.checkpoint = to;
    Ok(rest)
}

/// Folds and saves a whole page, batch by batch.
///
/// # Errors
/// As `apply`; or the page is empty although the log goes on: the caller's loop would never end.
pub async fn apply_all(
    store: &dyn Store,
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

/// Decodes a batch off the runtime's threads; gives back what is left of the page, and which rows the batch needs.
///
/// # Errors
/// As `refused` says.
pub async fn take(
    build: &Build,
    mut fold: Box<dyn Fold>,
    page: EventPage,
) -> Result<(Box<dyn Fold>, EventPage, Vec<Key>), ViewsError> {
    let taken = off(move || {
        let taken = fold.take(page);
        let wanted = fold.wanted();
        taken.map(|rest| (fold, rest, wanted))
    });
    taken.await?.map_err(|refusal| refused(build, refusal))
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

/// Runs work that needs the processor on a thread of its own.
pub async fn off<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ViewsError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ViewsError::Unusable(format!("a read model's thread ended: {error}")))
}
