//! Rebuilding: the same fold, from the first event, into a new build beside the live one. Rows stay in memory until the
//! end, or until there are too many; then they are loaded in bulk, ordered by key.

use std::time::Instant;

use event_log::{EventPage, Log, LogError};
use futures::{StreamExt, stream};
use serde::Serialize;
use tokio::sync::{Mutex, mpsc};

use crate::{
    ViewsError,
    fold::{Fold, Saved},
    follow::{BATCH_EVENTS_MAX, advanced, apply_all, off, refused, stopped, take},
    store::{Build, Checkpoint, LEASE, Step, Store},
    views::{Kept, Turn},
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

pub async fn rebuild(
    store: &dyn Store,
    log: &Log,
    kept: &Kept,
    rebuilder: &str,
    rows_in_memory_max: usize,
    progress: &(impl Fn(RebuildProgress) + Send + Sync),
) -> Result<RebuildReport, ViewsError> {
    let started = Instant::now();
    let old = kept.live_build();
    let new = Build { build: old.build + 1, ..old };
    // A rebuild that failed earlier may have left its table.
    store.forget(&new).await?;
    store.create(&new, log.lineage(), false).await?;
    let epoch = store.take_over(&new, rebuilder).await?;
    let mut turn = Turn { epoch, checkpoint: Checkpoint::START };
    let tell = |done, total| progress(so_far(done, total, started));
    let folded = fold_all(store, log, kept, rows_in_memory_max, &new, &mut turn, &tell).await;
    let replaced = match folded {
        Ok(()) => replace(store, log, kept, rebuilder, (&old, &new), turn).await,
        Err(error) => Err(error),
    };
    match replaced {
        Ok(events) => Ok(RebuildReport { build: new.build, events, seconds: started.elapsed().as_secs_f64() }),
        Err(error) => {
            store.forget(&new).await?;
            Err(error)
        }
    }
}

/// Folds everything that the log holds now.
async fn fold_all(
    store: &dyn Store,
    log: &Log,
    kept: &Kept,
    rows_in_memory_max: usize,
    new: &Build,
    turn: &mut Turn,
    tell: &(impl Fn(u64, u64) + Send + Sync),
) -> Result<(), ViewsError> {
    let total = log.end();
    let mut pages = read_ahead(log.clone(), (kept.model.passed_over)(), total, rows_in_memory_max);
    let mut fold = (kept.model.fold)(turn.checkpoint);
    // Until rows are written for the first time, there are none to load.
    let mut written = false;
    let mut renewed = Instant::now();
    while let Some(page) = pages.recv().await {
        let mut page = page?;
        while !page.is_empty() {
            (fold, page) =
                if written { folded_on_stored(store, new, fold, page).await? } else { folded(new, fold, page).await? };
            if fold.rows() > rows_in_memory_max || fold.bytes() > ROW_BYTES_IN_MEMORY_MAX {
                fold = write(store, new, fold, turn, written).await?;
                written = true;
            }
        }
        tell(fold.checkpoint().position, total);
        if renewed.elapsed() > LEASE / 3 {
            store.renew(new, turn.epoch).await?;
            renewed = Instant::now();
        }
    }
    if fold.checkpoint().position < total {
        return Err(ViewsError::Unusable("the log could not be read to its end".into()));
    }
    write(store, new, fold, turn, written).await.map(drop)
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
    store: &dyn Store,
    new: &Build,
    fold: Box<dyn Fold>,
    page: EventPage,
) -> Result<(Box<dyn Fold>, EventPage), ViewsError> {
    let (mut fold, rest, wanted) = take(new, fold, page).await?;
    for (key, row) in store.load(new, &wanted).await? {
        fold.put(key, &row)?;
    }
    let folded = off(move || fold.fold().map(|()| fold));
    Ok((folded.await?.map_err(|stop| stopped(new, stop))?, rest))
}

/// Writes all rows in transactions of a bounded size, so that the live views wait for none of them for long, and at last
/// moves the checkpoint. Until then the build is of no use, and nobody reads it.
async fn write(
    store: &dyn Store,
    new: &Build,
    fold: Box<dyn Fold>,
    turn: &mut Turn,
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
    store.save(new, turn.epoch, &[], Step { to, ..here(turn) }).await?;
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
    store: &dyn Store,
    new: &Build,
    turn: &Turn,
    next: &Mutex<mpsc::Receiver<Vec<Saved>>>,
    written: bool,
) -> Result<(), ViewsError> {
    loop {
        let rows = next.lock().await.recv().await;
        match rows {
            None => return Ok(()),
            Some(rows) if written => store.save(new, turn.epoch, &rows, here(turn)).await?,
            Some(rows) => store.fill(new, turn.epoch, &rows, here(turn)).await?,
        }
    }
}

/// Not yet any further.
fn here(turn: &Turn) -> Step {
    Step { from: turn.checkpoint.position, to: turn.checkpoint }
}

/// Catches up with what came meanwhile, while the live build waits, and takes its place.
async fn replace(
    store: &dyn Store,
    log: &Log,
    kept: &Kept,
    rebuilder: &str,
    (old, new): (&Build, &Build),
    mut turn: Turn,
) -> Result<u64, ViewsError> {
    let mut live = kept.turn.lock().await;
    if store.shared() {
        // Its owner, whoever that is, writes no more from now on.
        store.take_over(old, rebuilder).await?;
    }
    while turn.checkpoint.position < log.end() {
        let page = log.read_without(&(kept.model.passed_over)(), turn.checkpoint.position, BATCH_EVENTS_MAX).await?;
        apply_all(store, new, kept, &mut turn, page).await?;
    }
    store.replace(old, new).await?;
    *live = turn;
    {
        let mut marked = kept.live.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        marked.build = *new;
        marked.stopped = None;
    }
    advanced(kept, &live);
    if store.shared() {
        store.release(new, live.epoch).await?;
    }
    kept.replaced.notify_one();
    // Not before the readers have been led away from it. What stays behind is taken away when the views are opened.
    if let Err(error) = store.forget(old).await {
        tracing::warn!(name = old.name, build = old.build, %error, "the build that was replaced could not be dropped");
    }
    Ok(live.checkpoint.position)
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
