//! The views of one log: opening, following, listing, reading and rebuilding.

use std::{
    collections::HashMap,
    marker::PhantomData,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use event_core::{Projection, Service, Timestamp};
use event_follow::{Follower, Troubles};
use event_log::{Log, feed::Feeds};
use futures::{FutureExt, future::try_join_all};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    Model, ModelState, ModelStatus, Reader, RebuildProgress, RebuildReport, ViewsError,
    follow::{BATCH_EVENTS_MAX, LiveRows},
    live_model::{LiveBuild, LiveModel, WriteState, prepare},
    rebuild::{self, Rebuild},
    rebuild_watch::RebuildWatch,
    rows::RowReads,
    store::{self, Store},
};

/// The read models of one log. Cheap to clone.
#[derive(Clone)]
pub struct Views {
    pub(crate) store: Arc<Store>,
    pub(crate) log: Log,
    pub(crate) feeds: Arc<dyn Feeds>,
    pub(crate) kept: Arc<HashMap<std::any::TypeId, Arc<LiveModel>>>,
    /// A name for this process that is unique among all processes.
    pub(crate) owner: Arc<str>,
    rows_in_memory_max: usize,
    clock: fn() -> Timestamp,
}

impl Views {
    /// Opens (and creates if necessary) the views of a log at `sqlite:FILE`, or at `postgres://…`, which several
    /// processes can share. This does not start following: see `run` and `look`. A read model without a live build gets
    /// an empty one; nothing is dropped. Events of `services` that a read model does not follow are not read for it.
    ///
    /// # Errors
    /// If the database cannot be opened.
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

    /// The same views, but with rebuilds that keep this many rows in memory before they write them, instead of
    /// `ROWS_IN_MEMORY_MAX`, and that read at most this many events at once.
    #[must_use]
    pub fn rebuilding_in(self, rows_in_memory_max: usize) -> Views {
        Views { rows_in_memory_max, ..self }
    }

    /// The same views, but following these feeds of the log instead of the log itself.
    #[must_use]
    pub fn fed_by(self, feeds: Arc<dyn Feeds>) -> Views {
        Views { feeds, ..self }
    }

    /// Follows the log until `stop`, with every read model or, if other processes do the same, with a share of them.
    /// Ends at a batch boundary. A read model that cannot continue stops without affecting the others.
    ///
    /// # Errors
    /// If the views are not shared and another process has taken them over.
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

    /// Follows a read model until `stop`, until a rebuild has replaced its build, or until `given_up`. A batch that has
    /// started is completed.
    ///
    /// # Errors
    /// `Superseded` if another process writes its rows now.
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

    /// Receives the progress of other processes until `stop`. For a process that only reads.
    pub async fn look(&self, stop: CancellationToken) {
        self.watch_peers(&stop).await;
    }

    /// The log that the views follow.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The name under which this process owns read models, if other processes can follow them, too.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// True if other processes can follow and read the same views.
    pub fn are_shared(&self) -> bool {
        self.store.shared.is_some()
    }

    /// Checks that the views' database answers.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn healthy(&self) -> Result<(), ViewsError> {
        match self.kept.values().next() {
            Some(kept) => self.store.builds.live(kept.model.key()).await.map(drop),
            None => Ok(()),
        }
    }

    /// Waits until a task of the row readers or of the store has ended, which is a bug: each statement would serve a
    /// single query only, or the store would grow without limit.
    pub async fn ended(&self) {
        let readers = self.kept.values().map(|kept| kept.rows.ended().boxed());
        let tasks = self.store.tasks.clone().into_iter().map(|mut running| {
            // No value is ever sent: an error means that the task has ended.
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

    /// The status of every read model, by name.
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
        let rebuild = kept.rebuilds.progress();
        let state = match (kept.stopped(), kept.troubles.now()) {
            _ if rebuild.is_some() => ModelState::Rebuilding,
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
            rebuild,
            rebuild_failed: kept.rebuilds.failed(build.build),
        }
    }

    /// Waits until every read model that has not stopped has reached `position`.
    pub async fn caught_up(&self, position: u64) {
        for kept in self.kept.values() {
            kept.reaches(position).await;
        }
    }

    /// Folds a read model from the first event into a new build beside the live one, and makes the new build live. Only
    /// one rebuild of a read model runs at a time across all processes; a second request fails and can be repeated
    /// later.
    ///
    /// # Errors
    /// If there is no such read model, if it is already being rebuilt (`BeingRebuilt`), or if it cannot be folded to
    /// the end. The live build stays in use then.
    pub async fn rebuild(
        &self,
        name: &str,
        progress: impl Fn(RebuildProgress) + Send + Sync,
    ) -> Result<RebuildReport, ViewsError> {
        let kept = self.kept.values().find(|kept| kept.model.name == name);
        let kept = kept.ok_or_else(|| ViewsError::Unknown(name.to_owned()))?;
        let Some(running) = kept.rebuilds.begin(self.log.end()) else {
            return Err(ViewsError::BeingRebuilt { name: kept.model.name, by: self.owner.to_string() });
        };
        let rebuilder = format!("{}-rebuild", self.owner);
        let rebuild = Rebuild {
            store: &self.store,
            log: &self.log,
            kept,
            rebuilder: &rebuilder,
            rows_in_memory_max: self.rows_in_memory_max,
        };
        let stepped = |step: RebuildProgress| {
            running.step(step);
            progress(step);
        };
        let outcome = rebuild.run(&stepped).await;
        if let Err(error) = &outcome {
            running.failed(kept.live_build().build, error.to_string());
        }
        outcome
    }
}

async fn open_model(store: &Store, log: &Log, services: &[&Service], model: Model) -> Result<LiveModel, ViewsError> {
    let mut found = store.builds.ensure_live(model.key(), log.lineage()).await?;
    let build = model.key().build(found.build);
    // Shared views are claimed later, under a lease.
    let epoch = match store.shared {
        Some(_) => 0,
        None => {
            let superseded = || ViewsError::Superseded(build.name);
            let epoch = store.builds.claim(&build, None).await?.ok_or_else(superseded)?.epoch;
            // An earlier owner may have moved the checkpoint until it was claimed.
            found = store.builds.live(model.key()).await?.ok_or_else(superseded)?;
            epoch
        }
    };
    let (checkpoint, stop) = prepare(log, &found).await?;
    Ok(LiveModel {
        passed_over: (model.passed_over)(services),
        model,
        position: watch::Sender::new(checkpoint.position),
        recorded_at: AtomicI64::new(checkpoint.recorded_at),
        troubles: Troubles::default(),
        rebuilds: RebuildWatch::default(),
        owned: AtomicBool::new(false),
        replaced: Notify::new(),
        live: Mutex::new(LiveBuild { build, present: true, stopped: stop, owner: found.owner }),
        rows: RowReads::of(Arc::clone(&store.rows)),
        turn: tokio::sync::Mutex::new(WriteState { epoch, checkpoint }),
    })
}
