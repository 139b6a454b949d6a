//! The distribution of the read models of one database among processes: each process takes a fair share of the unowned
//! read models, gives back any excess, and watches the progress of the others.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use event_follow::{HeldLease, RETRY_AFTER};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    Views, ViewsError,
    live_model::{LiveModel, WriteState, prepare},
    store::{BuildRecord, LEASE, Listener, OwnedBuild, PeerAdvance, PeerNotification, SharedViews, follow_role},
};

/// The interval at which a process sends its heartbeat and looks for read models to follow.
const ATTEND_EVERY: Duration = Duration::from_millis(1_500);

/// This process's share: the number of read models that it follows, and the number that it should follow.
pub struct Assignment {
    owned: AtomicUsize,
    fair: watch::Sender<usize>,
}

impl Assignment {
    fn new() -> Assignment {
        Assignment { owned: AtomicUsize::new(0), fair: watch::Sender::new(0) }
    }

    fn takes_one(&self) -> bool {
        let fair = *self.fair.borrow();
        let taken = |owned| (owned < fair).then_some(owned + 1);
        self.owned.fetch_update(Ordering::AcqRel, Ordering::Acquire, taken).is_ok()
    }

    /// Waits until this process follows too many read models, and gives one of them back: so as many followers end as are
    /// too many, and no more.
    async fn gives_one_back(&self, given_back: &AtomicBool) {
        let mut fair = self.fair.subscribe();
        let gives = |fair: &usize| {
            let left = |owned| (owned > *fair).then(|| owned - 1);
            self.owned.fetch_update(Ordering::AcqRel, Ordering::Acquire, left).is_ok()
        };
        // An error means that the sender is dropped, and this task is ending as well.
        if fair.wait_for(gives).await.is_ok() {
            given_back.store(true, Ordering::Release);
        }
    }

    fn gave_back(&self) {
        self.owned.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Views {
    /// Follows a share of the read models until `stop`, and watches the progress of the others.
    pub(crate) async fn share(&self, shared: &dyn SharedViews, stop: &CancellationToken) -> Result<(), ViewsError> {
        let share = Assignment::new();
        self.heartbeat_once(shared, &share).await;
        for kept in self.kept.values() {
            self.clean_up(kept).await;
        }
        let own = self.kept.values().map(|kept| self.own(shared, kept, &share, stop));
        let work = futures::future::join_all(own);
        tokio::join!(self.heartbeat(shared, &share, stop), self.watch_peers(stop), self.clean_up_later(stop), work);
        shared.leave(&self.owner).await
    }

    /// Cleans up once more when the leases of rebuilds that were killed just before this start have expired.
    async fn clean_up_later(&self, stop: &CancellationToken) {
        if stop.run_until_cancelled(tokio::time::sleep(LEASE * 2)).await.is_some() {
            for kept in self.kept.values() {
                self.clean_up(kept).await;
            }
        }
    }

    /// Sends heartbeats until `stop`.
    async fn heartbeat(&self, shared: &dyn SharedViews, share: &Assignment, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(ATTEND_EVERY) => {}
            }
            self.heartbeat_once(shared, share).await;
        }
    }

    async fn heartbeat_once(&self, shared: &dyn SharedViews, share: &Assignment) {
        match shared.heartbeat(&self.owner).await {
            Ok(members) => drop(share.fair.send_replace(self.kept.len().div_ceil(members.max(1)))),
            Err(error) => tracing::warn!(%error, "the views' database does not answer"),
        }
    }

    /// Owns a read model whenever no other process owns it and this process has room in its share.
    async fn own(&self, shared: &dyn SharedViews, kept: &Arc<LiveModel>, share: &Assignment, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            if share.takes_one() {
                let given_back = AtomicBool::new(false);
                let owned = self.own_once(shared, kept, (share, &given_back), stop).await;
                if !given_back.into_inner() {
                    share.gave_back();
                }
                match owned {
                    Ok(()) => kept.troubles.passed(),
                    Err(error) => {
                        kept.troubles.failed(error.to_string());
                        tracing::warn!(name = kept.model.name, %error, "a read model could not be taken");
                    }
                }
            } else {
                // Other processes have to follow this read model.
                kept.troubles.passed();
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = kept.replaced.notified() => {}
                () = tokio::time::sleep(ATTEND_EVERY / 3) => {}
            }
        }
    }

    async fn own_once(
        &self,
        shared: &dyn SharedViews,
        kept: &Arc<LiveModel>,
        share: (&Assignment, &AtomicBool),
        stop: &CancellationToken,
    ) -> Result<(), ViewsError> {
        // A missing live build is created here. While another process follows, this is how it stands there.
        let found = self.store.builds.ensure_live(kept.model.key(), self.log.lineage()).await?;
        kept.stands(&found);
        let role = follow_role(kept.model.key());
        let Some(lease) = HeldLease::take(shared.leases(), &role, &self.owner, LEASE).await? else { return Ok(()) };
        let owned = self.follow_under(&lease, shared, kept, share, stop).await;
        kept.owned.store(false, Ordering::Release);
        // Notifications of the next owner may have come while this process still counted as the owner.
        let looked = if stop.is_cancelled() { Ok(()) } else { self.look_at(kept).await };
        if let Err(error) = lease.release().await {
            tracing::warn!(name = kept.model.name, %error, "the lease of a read model runs out by itself");
        }
        owned.and(looked)
    }

    /// Follows a read model until `stop`, or until this process has lost its lease or has one read model too many.
    async fn follow_under(
        &self,
        lease: &HeldLease,
        shared: &dyn SharedViews,
        kept: &Arc<LiveModel>,
        (share, given_back): (&Assignment, &AtomicBool),
        stop: &CancellationToken,
    ) -> Result<(), ViewsError> {
        let Some(own) = self.store.builds.claim(&kept.live_build(), Some(lease)).await? else { return Ok(()) };
        // Read after it was claimed, so that the checkpoint no longer changes.
        let found = self.store.builds.live(kept.model.key()).await?;
        let OwnedBuild { build, epoch } = own;
        let Some(found) = found.filter(|found| found.build == build.build) else { return Ok(()) };
        let (checkpoint, stopped) = prepare(&self.log, &found).await?;
        *kept.turn.lock().await = WriteState { epoch, checkpoint };
        shared.stop(own, stopped.as_ref()).await?;
        kept.stands(&BuildRecord { checkpoint, stopped, owner: Some(self.owner.to_string()), ..found });
        kept.owned.store(true, Ordering::Release);
        tracing::info!(name = build.name, build = build.build, epoch, "a read model is this process's now");
        let given_up = async {
            tokio::select! { () = lease.lost() => {}, () = share.gives_one_back(given_back) => {}, () = self.is_gone(own) => {} }
        };
        let ended = self.follow_until(kept, stop, given_up).await;
        tracing::info!(name = build.name, build = build.build, "a read model is this process's no more");
        match ended {
            // Another process follows the read model now, which is not a fault.
            Ok(()) | Err(ViewsError::Superseded(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits until this build is no longer the live one. An owner that has nothing to write would otherwise not notice
    /// that its build was deleted.
    async fn is_gone(&self, own: OwnedBuild) {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            match self.store.builds.live(own.build.key()).await {
                Ok(Some(found)) if found.build == own.build.build => {}
                Ok(_) => return,
                // A write to this build would report the cause, and `watch_peers` reports a database that does not
                // answer.
                Err(error) => tracing::debug!(name = own.build.name, %error, "the live build was not read"),
            }
        }
    }

    /// Drops the builds that unfinished rebuilds left behind. Only processes that follow the read model do this.
    pub(crate) async fn clean_up(&self, kept: &LiveModel) {
        if kept.rebuilds.runs() {
            return;
        }
        if let Err(error) = self.store.builds.clean_up(kept.model.key()).await {
            tracing::warn!(name = kept.model.name, %error, "what earlier rebuilds left could not be dropped");
        }
    }

    /// Receives the progress of other processes until `stop`. A process that only reads learns the positions this way.
    pub(crate) async fn watch_peers(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let heard = tokio::select! {
                () = stop.cancelled() => return,
                heard = self.hear() => heard,
            };
            if let Err(error) = heard {
                tracing::warn!(%error, "the views' database does not tell how far it is");
                self.kept.values().for_each(|kept| kept.troubles.unseen(error.to_string()));
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(RETRY_AFTER / 4) => {}
            }
        }
    }

    /// Returns when notifications may have been missed.
    async fn hear(&self) -> Result<(), ViewsError> {
        let Some(shared) = &self.store.shared else { return std::future::pending().await };
        let mut listener: Box<dyn Listener> = shared.listen().await?;
        // The state is read after listening has started, so no change is missed in between.
        self.look_at_all().await?;
        self.kept.values().for_each(|kept| kept.troubles.seen());
        while let Some(told) = listener.next().await? {
            match told {
                PeerNotification::Changed => self.look_at_all().await?,
                PeerNotification::Advanced(advances) => advances.iter().for_each(|advance| self.peer_advanced(advance)),
            }
        }
        Ok(())
    }

    fn peer_advanced(&self, advance: &PeerAdvance) {
        let of = |kept: &&Arc<LiveModel>| kept.model.name == advance.name && kept.model.version == advance.version;
        let Some(kept) = self.kept.values().find(of) else { return };
        // A build that is still being filled is not looked at. Another notification follows when it becomes live.
        if kept.live_build().build == advance.build && !kept.owned.load(Ordering::Acquire) {
            kept.advance(advance.position, advance.recorded_at);
        }
    }

    async fn look_at_all(&self) -> Result<(), ViewsError> {
        for kept in self.kept.values() {
            self.look_at(kept).await?;
        }
        Ok(())
    }

    /// Reads the state of a read model from the database.
    async fn look_at(&self, kept: &LiveModel) -> Result<(), ViewsError> {
        match self.store.builds.live(kept.model.key()).await? {
            Some(found) => kept.see(&found, &self.owner),
            None => kept.is_missing(),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn as_many_read_models_are_given_back_as_are_too_many() {
        let share = Assignment::new();
        share.fair.send_replace(4);
        assert!((0..4).all(|_| share.takes_one()) && !share.takes_one());
        let flags: [AtomicBool; 4] = Default::default();
        let mut followers = flags.each_ref().map(|given_back| Box::pin(share.gives_one_back(given_back)));
        share.fair.send_replace(2);
        let mut ended = 0;
        for follower in &mut followers {
            ended += usize::from(futures::poll!(follower.as_mut()).is_ready());
        }
        let told = flags.iter().filter(|given_back| given_back.load(Ordering::Acquire)).count();
        assert_eq!((ended, told, share.owned.load(Ordering::Acquire)), (2, 2, 2));
    }
}
