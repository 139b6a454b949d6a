//! Rebuilding: the same fold, from the first event, into a new build beside the live one. Rows stay in memory until the
//! end, or until a limit is reached; then they are bulk-loaded in key order.

use std::{sync::Arc, time::Instant};

use event_follow::{Checkpoint, HeldLease};
use event_log::{EventPage, Log, LogError};
use futures::{StreamExt, stream};
use serde::Serialize;
use tokio::sync::{Mutex, mpsc};

use crate::{
    ViewsError,
    fold::{Fold, Saved},
    follow::{BATCH_EVENTS_MAX, apply_all, off, refused, stopped, take},
    live_model::{LiveModel, WriteState},
    rebuild_watch::RebuildProgress,
    store::{Build, BuildRecord, CheckpointAdvance, LEASE, OwnedBuild, Store, follow_role, rebuild_role},
};

/// The number of rows that are kept in memory before they are written (some 500 bytes each).
pub const ROWS_IN_MEMORY_MAX: usize = 500_000;
/// The size of the rows that are kept in memory before they are written, as counted by `Fold::bytes`.
const ROW_BYTES_IN_MEMORY_MAX: usize = 512 * 1024 * 1024;
/// The number of rows, and their approximate size, that are written in one transaction.
const ROWS_OF_A_TRANSACTION_MAX: usize = 20_000;
const BYTES_OF_A_TRANSACTION_MAX: usize = 16 * 1024 * 1024;
/// The number of pages that are read ahead.
const PAGES_AHEAD_MAX: usize = 2;
/// The number of pages that are folded, while the live build is still followed, to catch up with events that were
/// appended during a rebuild.
const CATCH_UP_PAGES_MAX: usize = 100;
/// The number of attempts to replace the live build when another process takes it over at the same time.
const REPLACE_TRIES_MAX: usize = 3;
/// The number of pages of the log that are requested at once: the database works on one while another is decoded.
const PAGES_AT_ONCE: usize = 2;

/// The result of a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RebuildReport {
    pub build: i64,
    pub events: u64,
    pub seconds: f64,
}

/// A rebuild of one read model, and its dependencies.
pub struct Rebuild<'a> {
    pub store: &'a Store,
    pub log: &'a Log,
    pub kept: &'a LiveModel,
    pub rebuilder: &'a str,
    pub rows_in_memory_max: usize,
}

impl Rebuild<'_> {
    /// # Errors
    /// If an event cannot be folded, or another process has taken the new build over. Only the new build is dropped
    /// then.
    pub async fn run(&self, progress: &(impl Fn(RebuildProgress) + Send + Sync)) -> Result<RebuildReport, ViewsError> {
        let (started, model) = (Instant::now(), self.kept.model.key());
        let lease = self.lease().await?;
        let made = self.made(lease.as_ref(), &|done, total| progress(so_far(done, total, started))).await;
        if let Some(lease) = lease
            && let Err(error) = lease.release().await
        {
            tracing::warn!(name = model.name, %error, "a rebuild's lease was not released, and expires by itself");
        }
        let (build, events) = made?;
        self.drop_replaced().await;
        Ok(RebuildReport { build, events, seconds: started.elapsed().as_secs_f64() })
    }

    /// Creates the new build, fills it and makes it the live one. Returns its number and its position. After an error the new
    /// build is dropped.
    async fn made(
        &self,
        lease: Option<&HeldLease>,
        tell: &(impl Fn(u64, u64) + Send + Sync),
    ) -> Result<(i64, u64), ViewsError> {
        let new = self.store.builds.begin(self.kept.model.key(), self.log.lineage(), lease).await?;
        let filled = self.filled(lease, new, tell).await;
        if filled.is_err()
            && let Err(error) = self.store.builds.discard(new).await
        {
            tracing::warn!(name = new.build.name, %error, "the build of a rebuild that failed could not be dropped");
        }
        Ok((new.build.build, filled?))
    }

    /// The lease for rebuilding this read model: only one process at a time may do so.
    async fn lease(&self) -> Result<Option<HeldLease>, ViewsError> {
        let Some(shared) = &self.store.shared else { return Ok(None) };
        let (model, leases) = (self.kept.model.key(), shared.leases());
        let role = rebuild_role(model);
        match HeldLease::take(Arc::clone(&leases), &role, self.rebuilder, LEASE).await? {
            Some(lease) => Ok(Some(lease)),
            None => {
                let by = leases.holder(&role).await?.map(|holder| holder.owner).unwrap_or_default();
                Err(ViewsError::BeingRebuilt { name: model.name, by })
            }
        }
    }

    /// Fills the new build and makes it the live one.
    async fn filled(
        &self,
        lease: Option<&HeldLease>,
        new: OwnedBuild,
        tell: &(impl Fn(u64, u64) + Send + Sync),
    ) -> Result<u64, ViewsError> {
        let mut turn = WriteState { epoch: new.epoch, checkpoint: Checkpoint::START };
        let work = async {
            self.fold_all(&new.build, &mut turn, tell).await?;
            self.catch_up(&new.build, &mut turn, Some(CATCH_UP_PAGES_MAX)).await
        };
        unless_lost(lease, new.build.name, work).await?;
        for _ in 0..REPLACE_TRIES_MAX {
            match self.take_place(lease, new, &mut turn).await {
                // Another process has taken over the live build and may have advanced it: catch up and try again.
                Err(ViewsError::Superseded(_)) => {}
                other => return other,
            }
        }
        Err(ViewsError::Superseded(new.build.name))
    }

    /// Takes over the live build from its owner, folds the rest of the log, and makes the new build live. Returns its
    /// position.
    async fn take_place(
        &self,
        lease: Option<&HeldLease>,
        new: OwnedBuild,
        turn: &mut WriteState,
    ) -> Result<u64, ViewsError> {
        let builds = &self.store.builds;
        // The local follower waits for this lock until the build has been replaced.
        let mut live = self.kept.turn.lock().await;
        let seized = async {
            // A rebuild whose build was dropped takes nothing from a follower.
            if !builds.is_filling(new).await? {
                return Err(ViewsError::Superseded(new.build.name));
            }
            let Some(shared) = &self.store.shared else { return Ok(None) };
            let role = follow_role(new.build.key());
            Ok(Some(HeldLease::seize(shared.leases(), &role, self.rebuilder, LEASE).await?))
        };
        let following = unless_lost(lease, new.build.name, seized).await?;
        let work = async {
            let old = match builds.live(new.build.key()).await? {
                Some(found) => {
                    let old = new.build.key().build(found.build);
                    Some(builds.claim(&old, following.as_ref()).await?.ok_or(ViewsError::Superseded(old.name))?)
                }
                None => None,
            };
            if let (Some(old), None) = (old, &following) {
                // If the rebuild fails from here on, the local follower goes on under the new epoch.
                live.epoch = old.epoch;
            }
            self.catch_up(&new.build, turn, None).await?;
            Ok(old)
        };
        let replaced = match unless_lost(lease, new.build.name, work).await {
            Ok(old) => builds.replace(new, old).await,
            Err(error) => Err(error),
        };
        if let Ok(epoch) = replaced {
            *live = WriteState { epoch, checkpoint: turn.checkpoint };
            self.kept.stands(&BuildRecord {
                build: new.build.build,
                checkpoint: turn.checkpoint,
                lineage: self.log.lineage(),
                owner: None,
                stopped: None,
            });
            self.kept.troubles.passed();
        }
        if let Some(following) = following
            && let Err(error) = following.release().await
        {
            tracing::warn!(name = new.build.name, %error, "a read model's lease was not released, and expires by itself");
        }
        replaced?;
        self.kept.replaced.notify_one();
        Ok(turn.checkpoint.position)
    }

    /// Folds all events that are in the log now.
    async fn fold_all(
        &self,
        new: &Build,
        turn: &mut WriteState,
        tell: &(impl Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ViewsError> {
        let (store, total) = (self.store, self.log.end_now().await?);
        let mut pages = read_ahead(self.log.clone(), self.kept.passed_over.clone(), total, self.rows_in_memory_max);
        let mut fold = (self.kept.model.fold)(turn.checkpoint);
        // No rows have to be loaded until some are written for the first time.
        let mut written = false;
        while let Some(page) = pages.recv().await {
            let mut page = page?;
            while !page.is_empty() {
                (fold, page) = match written {
                    true => folded_on_stored(store, new, fold, page).await?,
                    false => folded(new, fold, page).await?,
                };
                if fold.rows() > self.rows_in_memory_max || fold.bytes() > ROW_BYTES_IN_MEMORY_MAX {
                    fold = write(store, new, fold, turn, written).await?;
                    written = true;
                }
            }
            tell(fold.checkpoint().position, total);
        }
        if fold.checkpoint().position < total {
            return Err(ViewsError::Unusable("the log could not be read to its end".into()));
        }
        write(store, new, fold, turn, written).await.map(drop)
    }

    /// Folds the events that were appended during the rebuild: up to the end that the log's database reports now, or up
    /// to `pages_max` pages.
    async fn catch_up(&self, new: &Build, turn: &mut WriteState, pages_max: Option<usize>) -> Result<(), ViewsError> {
        let (passed_over, end) = (&self.kept.passed_over, self.log.end_now().await?);
        let mut pages = 0;
        while turn.checkpoint.position < end && pages_max.is_none_or(|pages_max| pages < pages_max) {
            let page = self.log.read_range(passed_over, turn.checkpoint.position, end).await?;
            apply_all(self.store, new, self.kept, turn, page).await?;
            pages += 1;
        }
        Ok(())
    }

    /// Drops the replaced build. This must happen after the readers have been switched to the new build. A build that
    /// could not be dropped is removed when this or another process starts to follow the read model.
    async fn drop_replaced(&self) {
        if let Err(error) = self.store.builds.clean_up(self.kept.model.key()).await {
            tracing::warn!(name = self.kept.model.name, %error, "the build that was replaced could not be dropped");
        }
    }
}

/// Runs work under a lease, and cancels it when the lease is lost. There is no lease if the views belong to a single
/// process.
async fn unless_lost<T>(
    lease: Option<&HeldLease>,
    name: &'static str,
    work: impl Future<Output = Result<T, ViewsError>>,
) -> Result<T, ViewsError> {
    let Some(lease) = lease else { return work.await };
    tokio::select! {
        biased;
        () = lease.lost() => Err(ViewsError::Superseded(name)),
        done = work => done,
    }
}

/// The pages of the log up to a position, in order. Two ranges are requested at a time. If a page ends before its range
/// because its events are large, the rest of the range is read before the next one.
fn read_ahead(
    log: Log,
    passed_over: Vec<&'static str>,
    until: u64,
    rows_in_memory_max: usize,
) -> mpsc::Receiver<Result<EventPage, LogError>> {
    let (to, pages) = mpsc::channel(PAGES_AHEAD_MAX);
    // If the memory for rows is small, the memory for events is limited in the same way.
    let events_max = rows_in_memory_max.clamp(1, BATCH_EVENTS_MAX);
    tokio::spawn(async move {
        let read = |after, end| log.read_range(&passed_over, after, end);
        let first = |after: u64| {
            let end = after.saturating_add(events_max as u64).min(until);
            async move { (end, read(after, end).await) }
        };
        let mut ranges = stream::iter((0..until).step_by(events_max)).map(first).buffered(PAGES_AT_ONCE);
        while let Some((end, mut page)) = ranges.next().await {
            loop {
                let reached = page.as_ref().ok().filter(|page| !page.is_empty()).map(EventPage::complete_until);
                if to.send(page).await.is_err() {
                    return;
                }
                match reached {
                    Some(reached) if reached < end => page = read(reached, end).await,
                    Some(_) => break,
                    None => return,
                }
            }
        }
    });
    pages
}

/// Folds as much of a page as one batch can hold, while all rows are in memory. Returns the rest of the page.
async fn folded(
    new: &Build,
    mut fold: Box<dyn Fold>,
    page: EventPage,
) -> Result<(Box<dyn Fold>, EventPage), ViewsError> {
    let folded = off(move || {
        let rest = fold.take(page)?;
        fold.fold()?;
        Ok((fold, rest))
    });
    folded.await?.map_err(|refusal| refused(new, refusal))
}

/// Folds as much of a page as one batch can hold, after rows have been written. Returns the rest of the page.
async fn folded_on_stored(
    store: &Store,
    new: &Build,
    fold: Box<dyn Fold>,
    page: EventPage,
) -> Result<(Box<dyn Fold>, EventPage), ViewsError> {
    let (mut fold, rest, wanted) = take(new, fold, page).await?;
    for (key, row) in store.rows.load(new, &wanted).await? {
        fold.put(key, &row)?;
    }
    let folded = off(move || fold.fold().map(|()| fold));
    Ok((folded.await?.map_err(|stop| stopped(new, stop))?, rest))
}

/// Writes all rows in transactions of limited size, so that the live views never wait long for one of them, and finally
/// moves the checkpoint. Until then the build is incomplete and is not read.
async fn write(
    store: &Store,
    new: &Build,
    fold: Box<dyn Fold>,
    turn: &mut WriteState,
    written: bool,
) -> Result<Box<dyn Fold>, ViewsError> {
    let to = fold.checkpoint();
    let (chunks, next) = mpsc::channel(1);
    let next = Mutex::new(next);
    let (fold, (), ()) = tokio::try_join!(
        flush(fold, chunks),
        write_chunks(store, new, turn, &next, written),
        write_chunks(store, new, turn, &next, written),
    )?;
    store.rows.save(new, turn.epoch, Vec::new(), CheckpointAdvance { to, ..here(turn) }).await?;
    turn.checkpoint = to;
    Ok(fold)
}

/// Takes the rows out of memory, in key order.
async fn flush(mut fold: Box<dyn Fold>, chunks: mpsc::Sender<Vec<Saved>>) -> Result<Box<dyn Fold>, ViewsError> {
    loop {
        let flushed = off(move || {
            let rows = fold.flush(ROWS_OF_A_TRANSACTION_MAX, BYTES_OF_A_TRANSACTION_MAX);
            (fold, rows)
        });
        let rows;
        (fold, rows) = flushed.await?;
        let rows = rows?;
        // A receiver that was dropped belongs to a writer that failed, and the writer reports the error.
        if rows.is_empty() || chunks.send(rows).await.is_err() {
            return Ok(fold);
        }
    }
}

/// One of two alternating writers: the database processes the rows of one while the other sends its rows.
async fn write_chunks(
    store: &Store,
    new: &Build,
    turn: &WriteState,
    next: &Mutex<mpsc::Receiver<Vec<Saved>>>,
    written: bool,
) -> Result<(), ViewsError> {
    loop {
        let rows = next.lock().await.recv().await;
        match rows {
            None => return Ok(()),
            Some(rows) if written => store.rows.save(new, turn.epoch, rows, here(turn)).await?,
            Some(rows) => store.rows.fill(new, turn.epoch, rows, here(turn)).await?,
        }
    }
}

/// A step that leaves the checkpoint where it is.
fn here(turn: &WriteState) -> CheckpointAdvance {
    CheckpointAdvance { from: turn.checkpoint.position, to: turn.checkpoint }
}

fn so_far(done: u64, total: u64, started: Instant) -> RebuildProgress {
    let rate = done as f64 / started.elapsed().as_secs_f64().max(f64::EPSILON);
    RebuildProgress {
        events_done: done,
        events_total: total,
        events_per_second: rate,
        seconds_left: total.saturating_sub(done) as f64 / rate.max(1.0),
    }
}
