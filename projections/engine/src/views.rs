//! The views of one log: opened, followed, listed, read, rebuilt.

use std::{
    collections::HashMap,
    marker::PhantomData,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use event_core::{Projection, Service, Timestamp};
use event_follow::{Checkpoint, Follower, Stop, Troubles};
use event_log::{Log, feed::Feeds};
use futures::{FutureExt, future::try_join_all};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    Model, ModelState, ModelStatus, Reader, RebuildProgress, RebuildReport, ViewsError, Waited,
    assignment::prepare,
    follow::{BATCH_EVENTS_MAX, LiveRows},
    rebuild::{self, Rebuild},
    rows::RowReads,
    store::{self, Build, BuildRecord, Store},
};

/// The read models of one log. Cheap to clone.
#[derive(Clone)]
pub struct Views {
    pub(crate) store: Arc<Store>,
    pub(crate) log: Log,
    pub(crate) feeds: Arc<dyn Feeds>,
    pub(crate) kept: Arc<HashMap<std::any::TypeId, Arc<LiveModel>>>,
    /// What tells this process from all others.
    pub(crate) owner: Arc<str>,
    rows_in_memory_max: usize,
    clock: fn() -> Timestamp,
}

/// One read model, as it is kept.
pub struct LiveModel {
    pub model: Model,
    /// The kinds of events that it has no use for.
    pub passed_over: Vec<&'static str>,
    /// How far its rows are; readers wait on it.
    pub position: watch::Sender<u64>,
    /// When the last event in its rows was recorded, in microseconds; 0 where that is not known.
    pub recorded_at: AtomicI64,
    /// The faults that keep it from going on in this process.
    pub troubles: Troubles,
    pub rebuilding: AtomicBool,
    /// This process follows it: it knows better than what others tell.
    pub owned: AtomicBool,
    /// Wakes the follower of a stopped read model when a rebuild has replaced it.
    pub replaced: Notify,
    pub live: Mutex<LiveBuild>,
    pub rows: RowReads,
    /// Whoever writes rows holds this.
    pub turn: tokio::sync::Mutex<WriteState>,
}

pub struct LiveBuild {
    pub build: Build,
    /// Whether the database has this build, as far as is known.
    pub present: bool,
    pub stopped: Option<Stop>,
    /// The process that follows it, where there are several.
    pub owner: Option<String>,
}

pub struct WriteState {
    pub epoch: i64,
    pub checkpoint: Checkpoint,
}

impl LiveModel {
    pub fn live_build(&self) -> Build {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).build
    }

    pub fn stopped(&self) -> Option<Stop> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).stopped.clone()
    }

    /// Waits until the rows have come to `position`, or the read model has stopped before it.
    pub async fn reaches(&self, position: u64) -> Waited {
        // A stop touches the watch, so whoever waits sees it.
        let mut touched = self.position.subscribe();
        let done = touched.wait_for(|reached| *reached >= position || self.stopped().is_some()).await;
        if done.is_ok_and(|reached| *reached >= position) { Waited::Reached } else { Waited::Late }
    }

    /// Takes over how it stands in the database. Where this process follows it, only its follower is told, and only if
    /// another build is live or another process owns it.
    pub fn see(&self, found: &BuildRecord, own: &str) {
        if self.owned.load(Ordering::Acquire) {
            let is_own = found.build == self.live_build().build && found.owner.as_deref() == Some(own);
            if !is_own {
                self.replaced.notify_one();
            }
            return;
        }
        self.stands(found);
    }

    /// Takes over how it stands in the database, also where this process follows it.
    pub fn stands(&self, found: &BuildRecord) {
        {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            (live.build.build, live.present) = (found.build, true);
            (live.stopped, live.owner) = (found.stopped.clone(), found.owner.clone());
        }
        self.recorded_at.store(found.checkpoint.recorded_at, Ordering::Relaxed);
        // Whoever waits looks again, whether it has moved or stopped.
        self.position.send_replace(found.checkpoint.position);
    }

    /// The database has no live build of it.
    pub fn is_missing(&self) {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).present = false;
        if self.owned.load(Ordering::Acquire) {
            self.replaced.notify_one();
        }
    }

    /// Its rows, which another process writes, have come to this position.
    pub fn advance(&self, position: u64, recorded_at: i64) {
        self.recorded_at.fetch_max(recorded_at, Ordering::Relaxed);
        self.position.send_if_modified(|reached| {
            let further = position > *reached;
            *reached = position.max(*reached);
            further
        });
    }

    pub fn stop(&self, stop: Stop) {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).stopped = Some(stop);
        // Whoever waits for a position is woken, and told that it will not come.
        self.position.send_modify(|_| {});
    }
}

impl Views {
    /// Opens (makes) the views of a log at `sqlite:FILE`, or at `postgres://…`, which several processes can share. Nothing
    /// follows yet: see `run` and `look`. A read model without a live build gets an empty one; nothing is dropped. Events of
    /// `services` that a read model does not follow are not read for it.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn open(url: &str, log: Log, services: &[&Service], models: Vec<Model>) -> Result<Views, ViewsError> {
        let store = Arc::new(store::open(url).await?);
        let owner: Arc<str> = format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple()).into();
        let mut kept = HashMap::new();
        for model in models {
            kept.insert(model.type_id, Arc::new(open_model(&store, &log, services, model).await?));
        }
        Ok(Views {
            store,
            feeds: Arc::new(log.clone()),
            log,
            owner,
            kept: Arc::new(kept),
            rows_in_memory_max: rebuild::ROWS_IN_MEMORY_MAX,
            clock: || Timestamp::from_jiff(jiff::Timestamp::now()),
        })
    }

    /// The same views, whose rebuilds keep so many rows in memory before they write them, instead of
    /// `ROWS_IN_MEMORY_MAX`, and read no more events at once.
    #[must_use]
    pub fn rebuilding_in(self, rows_in_memory_max: usize) -> Views {
        Views { rows_in_memory_max, ..self }
    }

    /// The same views, which follow these feeds of the log instead of the log itself.
    #[must_use]
    pub fn fed_by(self, feeds: Arc<dyn Feeds>) -> Views {
        Views { feeds, ..self }
    }

    /// Follows the log until `stop`, with every read model or, where other processes do the same, with a share of them; ends
    /// at a batch boundary. One that cannot go on stops alone.
    ///
    /// # Errors
    /// When views of this process's own have another owner now.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), ViewsError> {
        if let Some(shared) = &self.store.shared {
            return self.share(&**shared, &stop).await;
        }
        for kept in self.kept.values() {
            self.clean_up(kept).await;
        }
        let followers = self.kept.values().map(async |kept| {
            while !stop.is_cancelled() {
                self.follow_until(kept, &stop, std::future::pending()).await?;
            }
            Ok(())
        });
        try_join_all(followers).await.map(drop)
    }

    /// Follows a read model until `stop`, until a rebuild has replaced its build, or until `given_up`. A batch that has begun
    /// is finished.
    ///
    /// # Errors
    /// `Superseded`, when another process writes its rows now.
    pub(crate) async fn follow_until(
        &self,
        kept: &Arc<LiveModel>,
        stop: &CancellationToken,
        given_up: impl Future<Output = ()>,
    ) -> Result<(), ViewsError> {
        let until = stop.child_token();
        let rows = LiveRows { store: &self.store, kept };
        let follower = Follower { log: &self.log, feeds: &*self.feeds, subscriber: &rows, troubles: &kept.troubles };
        let mut following = std::pin::pin!(follower.follow(&until));
        let ended = tokio::select! {
            ended = &mut following => ended,
            () = async { tokio::select! { () = kept.replaced.notified() => {}, () = given_up => {} } } => {
                until.cancel();
                following.await
            }
        };
        ended.map_err(|_| ViewsError::Superseded(kept.model.name))
    }

    /// Learns how far other processes have come with the views, until `stop`. For a process that only reads.
    pub async fn look(&self, stop: CancellationToken) {
        self.watch_peers(&stop).await;
    }

    /// Whether other processes can follow and read the same views.
    pub fn are_shared(&self) -> bool {
        self.store.shared.is_some()
    }

    /// Whether the views' database answers.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn healthy(&self) -> Result<(), ViewsError> {
        match self.kept.values().next() {
            Some(kept) => self.store.builds.live(kept.model.key()).await.map(drop),
            None => Ok(()),
        }
    }

    /// Waits until a task that reads rows for queries, or one of the store, has ended, which is a bug: each statement would
    /// read for one query, or the store would grow without end.
    pub async fn ended(&self) {
        let readers = self.kept.values().map(|kept| kept.rows.ended().boxed());
        let tasks = self.store.tasks.clone().into_iter().map(|mut running| {
            // Nothing is ever sent: an error means that the task is gone.
            async move { while running.changed().await.is_ok() {} }.boxed()
        });
        let all: Vec<_> = readers.chain(tasks).collect();
        if all.is_empty() {
            return std::future::pending().await;
        }
        futures::future::select_all(all).await;
    }

    pub fn reader<P: Projection>(&self) -> Reader<P> {
        let kept = self.kept.get(&std::any::TypeId::of::<P>()).cloned();
        Reader { store: Arc::clone(&self.store), kept, owner: Arc::clone(&self.owner), projection: PhantomData }
    }

    /// Every read model, by name.
    pub fn status(&self) -> Vec<ModelStatus> {
        let mut all: Vec<_> = self.kept.values().map(|kept| self.status_of(kept)).collect();
        all.sort_unstable_by_key(|status| (status.name, status.version));
        all
    }

    fn status_of(&self, kept: &LiveModel) -> ModelStatus {
        let (build, live_build, owner) = {
            let live = kept.live.lock().unwrap_or_else(PoisonError::into_inner);
            (live.build, live.present, live.owner.clone())
        };
        let position = *kept.position.borrow();
        let lag_events = self.log.end().saturating_sub(position);
        let recorded_at = kept.recorded_at.load(Ordering::Relaxed);
        let age = |recorded_at| (self.clock)().since(Timestamp::from_micros(recorded_at)).as_millis();
        let lag_ms = match (lag_events, recorded_at) {
            (0, _) => Some(0),
            (_, 0) => None,
            (_, recorded_at) => Some(u64::try_from(age(recorded_at)).unwrap_or_default()),
        };
        let state = match (kept.stopped(), kept.troubles.now()) {
            _ if kept.rebuilding.load(Ordering::Relaxed) => ModelState::Rebuilding,
            (Some(stop), _) => ModelState::Stopped { stopped_at: stop.position, why: stop.why },
            (None, Some(trouble)) => ModelState::Retrying { since: trouble.since, why: trouble.why },
            (None, None) if lag_events > BATCH_EVENTS_MAX as u64 => ModelState::CatchingUp,
            (None, None) => ModelState::Following,
        };
        ModelStatus {
            name: build.name,
            version: build.version,
            build: build.build,
            live_build,
            position,
            lag_events,
            lag_ms,
            stalled_ms: kept.troubles.stalled_ms(position, lag_events),
            owner,
            state,
        }
    }

    /// Waits until every read model that has not stopped has come to `position`.
    pub async fn caught_up(&self, position: u64) {
        for kept in self.kept.values() {
            kept.reaches(position).await;
        }
    }

    /// Folds a read model again from the first event into a new build, beside the live one, and puts it in its place. One
    /// rebuild of a read model runs at a time, in whichever process; a second one is refused and can be asked for later.
    ///
    /// # Errors
    /// When there is no such read model, it is being rebuilt already (`BeingRebuilt`), or it cannot be folded to the end:
    /// then the live build stays.
    pub async fn rebuild(
        &self,
        name: &str,
        progress: impl Fn(RebuildProgress) + Send + Sync,
    ) -> Result<RebuildReport, ViewsError> {
        let kept = self.kept.values().find(|kept| kept.model.name == name);
        let kept = kept.ok_or_else(|| ViewsError::Unknown(name.to_owned()))?;
        if kept.rebuilding.swap(true, Ordering::AcqRel) {
            return Err(ViewsError::BeingRebuilt { name: kept.model.name, by: self.owner.to_string() });
        }
        let _rebuilding = Rebuilding(&kept.rebuilding);
        let rebuilder = format!("{}-rebuild", self.owner);
        let rebuild = Rebuild {
            store: &self.store,
            log: &self.log,
            kept,
            rebuilder: &rebuilder,
            rows_in_memory_max: self.rows_in_memory_max,
        };
        rebuild.run(&progress).await
    }
}

/// Ends with the rebuild, also where its caller gives it up.
struct Rebuilding<'a>(&'a AtomicBool);

impl Drop for Rebuilding<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

async fn open_model(store: &Store, log: &Log, services: &[&Service], model: Model) -> Result<LiveModel, ViewsError> {
    let found = store.builds.ensure_live(model.key(), log.lineage()).await?;
    let build = model.key().build(found.build);
    let (checkpoint, stop) = prepare(log, &found).await?;
    // Views that are shared are taken later, under a lease.
    let epoch = match store.shared {
        Some(_) => 0,
        None => store.builds.claim(&build, None).await?.ok_or(ViewsError::Superseded(build.name))?.epoch,
    };
    Ok(LiveModel {
        passed_over: (model.passed_over)(services),
        model,
        position: watch::Sender::new(checkpoint.position),
        recorded_at: AtomicI64::new(checkpoint.recorded_at),
        troubles: Troubles::default(),
        rebuilding: AtomicBool::new(false),
        owned: AtomicBool::new(false),
        replaced: Notify::new(),
        live: Mutex::new(LiveBuild { build, present: true, stopped: stop, owner: found.owner }),
        rows: RowReads::of(Arc::clone(&store.rows)),
        turn: tokio::sync::Mutex::new(WriteState { epoch, checkpoint }),
    })
}

/// Whether the checkpoint lies in this log's history; then when its event was recorded. The log's database is asked
/// that very question: what is known here of the log's end may be older than the checkpoint.
///
/// # Errors
/// When the log cannot be read: that is not a verdict.
pub(crate) async fn belongs(
    log: &Log,
    checkpoint: Checkpoint,
    lineage: uuid::Uuid,
) -> Result<Result<Timestamp, String>, ViewsError> {
    if lineage != log.lineage() {
        return Ok(Err("the rows were made from a log of another lineage".into()));
    }
    let Some(before) = checkpoint.position.checked_sub(1) else { return Ok(Ok(Timestamp::EPOCH)) };
    match log.read(before, 1).await?.into_iter().next() {
        Some(event) if Some(event.id) == checkpoint.event_id => Ok(Ok(event.recorded_at)),
        Some(_) => Ok(Err("another event stands at the checkpoint: the log was restored to an older point".into())),
        None => Ok(Err(format!("the log ends at {}: it was restored to an older point", log.end_now().await?))),
    }
}
