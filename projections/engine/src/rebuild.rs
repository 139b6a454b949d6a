//! Rebuilding: the same fold, from the first event, into a new build beside the live one. Rows stay in memory until the
//! end, or until there are too many; then they are loaded in bulk, ordered by key.

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
    store::{Build, BuildRecord, CheckpointAdvance, LEASE, OwnedBuild, Store, follow_role, rebuild_role},
    views::{LiveModel, WriteState},
};

/// Rows that are kept in memory before they are written (some 500 bytes each).
pub const ROWS_IN_MEMORY_MAX: usize = 500_000;
/// Bytes of rows that are kept in memory before they are written, as `Fold::bytes` counts them.
const ROW_BYTES_IN_MEMORY_MAX: usize = 512 * 1024 * 1024;
/// Rows, and about how many bytes of rows, that are written in one transaction.
const ROWS_OF_A_TRANSACTION_MAX: usize = 20_000;
const BYTES_OF_A_TRANSACTION_MAX: usize = 16 * 1024 * 1024;
/// Pages that are read ahead.
const PAGES_AHEAD_MAX: usize = 2;
/// Pages that are folded, while the live build is still followed, of what came during a rebuild.
const CATCH_UP_PAGES_MAX: usize = 100;
/// How often a rebuild tries to take the live build's place when another process takes that at the same time.
const REPLACE_TRIES_MAX: usize = 3;
/// Pages of the log that are asked for at once: the database works on one while another is decoded.
const PAGES_AT_ONCE: usize = 2;

/// How far a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RebuildProgress {
    pub events_done: u64,
    pub events_total: u64,
    pub events_per_second: f64,
    pub seconds_left: f64,
}

/// What a rebuild did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RebuildReport {
    pub build: i64,
    pub events: u64,
    pub seconds: f64,
}

/// A rebuild of one read model, and what it works with.
pub struct Rebuild<'a> {
    pub store: &'a Store,
    pub log: &'a Log,
    pub kept: &'a LiveModel,
    pub rebuilder: &'a str,
    pub rows_in_memory_max: usize,
}

impl Rebuild<'_> {
    /// # Errors
    /// When it cannot be folded to the end, or another process has taken the new build away. Then nothing but the new
    /// build is dropped.
    pub async fn run(&self, progress: &(impl Fn(RebuildProgress) + Send + Sync)) -> Result<RebuildReport, ViewsError> {
        let (started, model) = (Instant::now(), self.kept.model.key());
        let lease = self.lease().await?;
        let new = self.store.builds.begin(model, self.log.lineage()).await?;
        let tell = |done, total| progress(so_far(done, total, started));
        let filled = self.filled(lease.as_ref(), new, &tell).await;
        if filled.is_err()
            && let Err(error) = self.store.builds.discard(new).await
        {
            tracing::warn!(name = model.name, %error, "what a rebuild left could not be dropped");
        }
        if let Some(lease) = lease
            && let Err(error) = lease.release().await
        {
            tracing::warn!(name = model.name, %error, "a rebuild's lease runs out by itself");
        }
        let events = filled?;
        self.drop_replaced().await;
        Ok(RebuildReport { build: new.build.build, events, seconds: started.elapsed().as_secs_f64() })
    }

    /// The lease of rebuilding this read model: one process at a time does.
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

    /// Fills the new build and puts it in its place.
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
                // Another process has taken the live build and may have moved it on: catch up and try again.
                Err(ViewsError::Superseded(_)) => {}
                other => return other,
            }
        }
        Err(ViewsError::Superseded(new.build.name))
    }

    /// Takes the live build from its owner, folds the rest of the log, and makes the new build live. Gives back its position.
    async fn take_place(
        &self,
        lease: Option<&HeldLease>,
        new: OwnedBuild,
        turn: &mut WriteState,
    ) -> Result<u64, ViewsError> {
        // The local follower waits here until the build has been replaced.
        let mut live = self.kept.turn.lock().await;
        let following = match &self.store.shared {
            Some(shared) => {
                let role = follow_role(new.build.key());
                Some(HeldLease::seize(shared.leases(), &role, self.rebuilder, LEASE).await?)
            }
            None => None,
        };
        let work = async {
            let builds = &self.store.builds;
            let old = match builds.live(new.build.key()).await? {
                Some(found) => {
                    let old = new.build.key().build(found.build);
                    Some(builds.claim(&old, following.as_ref()).await?.ok_or(ViewsError::Superseded(old.name))?)
                }
                None => None,
            };
            self.catch_up(&new.build, turn, None).await?;
            Ok(old)
        };
        let old = unless_lost(lease, new.build.name, work).await?;
        let epoch = self.store.builds.replace(new, old).await?;
        *live = WriteState { epoch, checkpoint: turn.checkpoint };
        self.kept.stands(&BuildRecord {
            build: new.build.build,
            checkpoint: turn.checkpoint,
            lineage: self.log.lineage(),
            owner: None,
            stopped: None,
        });
        self.kept.troubles.passed();
        if let Some(following) = following
            && let Err(error) = following.release().await
        {
            tracing::warn!(name = new.build.name, %error, "the lease of a read model runs out by itself");
        }
        self.kept.replaced.notify_one();
        Ok(turn.checkpoint.position)
    }

    /// Folds everything that the log holds now.
    async fn fold_all(
        &self,
        new: &Build,
        turn: &mut WriteState,
        tell: &(impl Fn(u64, u64) + Send + Sync),
    ) -> Result<(), ViewsError> {
        let (store, total) = (self.store, self.log.end_now().await?);
        let mut pages = read_ahead(self.log.clone(), self.kept.passed_over.clone(), total, self.rows_in_memory_max);
        let mut fold = (self.kept.model.fold)(turn.checkpoint);
        // Until rows are written for the first time, there are none to load.
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

    /// Folds the events that were appended during the rebuild: up to the end that the log's database reports now, or
    /// `pages_max` pages.
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

    /// Not before the readers have been led away from it. What stays behind is taken away when this process, or another
    /// one, begins to follow.
    async fn drop_replaced(&self) {
        if let Err(error) = self.store.builds.clean_up(self.kept.model.key()).await {
            tracing::warn!(name = self.kept.model.name, %error, "the build that was replaced could not be dropped");
        }
    }
}

/// Work under a lease: it is given up when the lease is lost. Where the views are one process's own there is none.
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

/// The pages of the log up to a position, in order. Ranges are asked for two at a time; where a page ends before its
/// range, because its events are large, the rest of the range comes before the next one.
fn read_ahead(
    log: Log,
    passed_over: Vec<&'static str>,
    until: u64,
    rows_in_memory_max: usize,
) -> mpsc::Receiver<Result<EventPage, LogError>> {
    let (to, pages) = mpsc::channel(PAGES_AHEAD_MAX);
    // Where there is little memory for rows there is as little for events.
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

/// Folds a page, as far as a batch goes, while every row is in memory. Gives back what is left of it.
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

/// Folds a page, as far as a batch goes, when rows have been written already. Gives back what is left of it.
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

/// Writes all rows in transactions of a bounded size, so that the live views wait for none of them for long, and at last
/// moves the checkpoint. Until then the build is of no use, and nobody reads it.
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
    store.rows.save(new, turn.epoch, &[], CheckpointAdvance { to, ..here(turn) }).await?;
    turn.checkpoint = to;
    Ok(fold)
}

/// Takes the rows out of the memory, in the order of their keys.
async fn flush(mut fold: Box<dyn Fold>, chunks: mpsc::Sender<Vec<Saved>>) -> Result<Box<dyn Fold>, ViewsError> {
    loop {
        let flushed = off(move || {
            let rows = fold.flush(ROWS_OF_A_TRANSACTION_MAX, BYTES_OF_A_TRANSACTION_MAX);
            (fold, rows)
        });
        let rows;
        (fold, rows) = flushed.await?;
        let rows = rows?;
        // Who does not listen any more has failed, and says why.
        if rows.is_empty() || chunks.send(rows).await.is_err() {
            return Ok(fold);
        }
    }
}

/// One of two who write: the database works on the rows of one while the other sends his.
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
            Some(rows) if written => store.rows.save(new, turn.epoch, &rows, here(turn)).await?,
            Some(rows) => store.rows.fill(new, turn.epoch, &rows, here(turn)).await?,
        }
    }
}

/// Not yet any further.
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
