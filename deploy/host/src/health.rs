//! Health: the progress of a process with the work of its roles. A live task, an open port and an old checkpoint prove
//! nothing, so each part is probed periodically, under a time limit.
//!
//! A read model that has stopped at an event is not an obstacle: the process serves its rows, reports that they are
//! stale, and the command `status` fails. All processes would stop at that event, and none would be left to serve.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use event_core::{Raw, Timestamp};
use event_log::Log;
use policy_engine::Policies;
use projection_engine::{ModelState, ModelStatus};
use tokio_util::sync::CancellationToken;

use crate::{app::App, roles::Role};

/// The interval at which the parts of a process are probed.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// The time limit for an answer of a database.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// The time limit for reading an event from a log. A status reads up to four of them, and its caller waits for 5 s.
const EVENT_ANSWER_MAX: Duration = Duration::from_secs(1);
/// The time for which a read model may be behind without moving.
pub const STALL_MAX: Duration = Duration::from_secs(15);
/// The time for which a failed write counts. A process that is not ready gets no commands that could show that writing
/// works again, so only time clears the fault.
const WRITE_FAULT_COUNTS: Duration = Duration::from_secs(30);
/// Clocks of different machines differ by less than this. An event that is further ahead shows that a clock was wrong.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(1);

/// The obstacles to the work of a process, as of the last probe.
#[derive(Default)]
pub struct Health {
    obstacles: Mutex<Vec<String>>,
}

impl Health {
    /// The obstacles as complete sentences; empty if all parts make progress.
    pub fn obstacles(&self) -> Vec<String> {
        self.obstacles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Probes the parts of the process until `stop`.
    pub async fn run(&self, app: &App, stop: CancellationToken) {
        let mut was_well = true;
        while !stop.is_cancelled() {
            let obstacles = tokio::select! {
                () = stop.cancelled() => return,
                obstacles = look(app) => obstacles,
            };
            metrics::gauge!("health_obstacles").set(obstacles.len() as f64);
            match obstacles.first() {
                Some(first) if was_well => tracing::warn!(obstacles = obstacles.len(), first, "not ready"),
                None if !was_well => tracing::info!("ready again"),
                Some(_) | None => {}
            }
            was_well = obstacles.is_empty();
            *self.obstacles.lock().unwrap_or_else(PoisonError::into_inner) = obstacles;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PROBE_EVERY) => {}
            }
        }
    }
}

async fn look(app: &App) -> Vec<String> {
    let mut obstacles = Vec::new();
    let (care, access, views) = tokio::join!(readable(&app.care), readable(&app.access), views_readable(app));
    obstacles.extend([care, access, views].into_iter().flatten());
    for log in [&app.care, &app.access] {
        if let Some(fault) = log.write_fault().filter(|fault| fault.last.elapsed() < WRITE_FAULT_COUNTS) {
            obstacles.push(format!("The log {} could not be written: {}.", log.name(), fault.why));
        }
    }
    let follows = app.roles.has(Role::Projections);
    obstacles.extend(app.views_status().iter().filter_map(|model| obstacle_of(model, follows)));
    for (name, why) in app.policies.iter().flat_map(Policies::troubles) {
        obstacles.push(format!("The policy {name} cannot go on, and tries again: {why}."));
    }
    for relay in app.relays.iter() {
        let relayed = relay.relayed().borrow().clone();
        if let Some(why) = relayed.stopped.or(relayed.trouble) {
            obstacles.push(format!("The relay of {}: {why}.", relay.log().name()));
        }
    }
    obstacles
}

/// The obstacle that a read model causes, if any. A process that only reads answers from its rows and reports their
/// age, so a slow follower in another process is not an obstacle for it.
fn obstacle_of(model: &ModelStatus, follows: bool) -> Option<String> {
    if !model.live_build {
        return Some(format!("{} has no live build.", model.name));
    }
    match &model.state {
        ModelState::Retrying { why, .. } => Some(format!("{} cannot go on, and tries again: {why}.", model.name)),
        ModelState::Following | ModelState::CatchingUp if follows && is_stalled(model) => {
            let (behind, seconds) = (model.lag_events, model.stalled_ms / 1_000);
            Some(format!("{} is {behind} events behind, and has not moved for {seconds} s.", model.name))
        }
        ModelState::Following | ModelState::CatchingUp | ModelState::Stopped { .. } | ModelState::Rebuilding => None,
    }
}

fn is_stalled(model: &ModelStatus) -> bool {
    u128::from(model.stalled_ms) > STALL_MAX.as_millis()
}

async fn readable(log: &Log) -> Option<String> {
    match tokio::time::timeout(ANSWER_MAX, log.healthy()).await {
        Ok(Ok(())) => None,
        Ok(Err(_)) => Some(format!("The log {} cannot be read.", log.name())),
        Err(_) => Some(format!("The log {} has not answered for {} s.", log.name(), ANSWER_MAX.as_secs())),
    }
}

async fn views_readable(app: &App) -> Option<String> {
    let views = app.views.as_ref()?;
    match tokio::time::timeout(ANSWER_MAX, views.healthy()).await {
        Ok(Ok(())) => None,
        Ok(Err(_)) => Some("The views cannot be read.".to_owned()),
        Err(_) => Some(format!("The views have not answered for {} s.", ANSWER_MAX.as_secs())),
    }
}

/// The event after this position; `None` if there is none, or the log does not answer within `EVENT_ANSWER_MAX`.
pub async fn event_after(log: &Log, position: u64) -> Option<Raw> {
    let read = tokio::time::timeout(EVENT_ANSWER_MAX, log.read(position, 1)).await;
    read.ok()?.ok()?.into_iter().next()
}

/// The time by which the log's last event is ahead of this process's clock; zero if it is not ahead, `None` if the log
/// does not answer. The log's time never goes back, so until the clock reaches the time of that event, all new events
/// are recorded with that time.
pub async fn ahead_of_clock(log: &Log) -> Option<Duration> {
    let Some(before) = log.end().checked_sub(1) else { return Some(Duration::ZERO) };
    let last = event_after(log, before).await?;
    let now = Timestamp::from_jiff(jiff::Timestamp::now());
    Some(Duration::try_from(last.recorded_at.since(now)).unwrap_or_default())
}

/// Logs a warning at the start if a log's last event is ahead of the clock.
pub async fn warn_of_clock(logs: [&Log; 2]) {
    for log in logs {
        if let Some(ahead) = ahead_of_clock(log).await.filter(|ahead| *ahead > CLOCK_SKEW_MAX) {
            let ahead_ms = u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(log = %log.name(), ahead_ms, "the last event lies ahead of this clock: a clock was, or is, wrong");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: ModelStatus = ModelStatus {
        name: "practices",
        version: 1,
        build: 1,
        live_build: true,
        position: 7,
        lag_events: 0,
        lag_ms: Some(0),
        stalled_ms: 0,
        owner: None,
        state: ModelState::Following,
        rebuild: None,
        rebuild_failed: None,
    };

    #[test]
    fn a_read_model_is_an_obstacle_where_it_has_no_rows_or_makes_no_progress() {
        let retrying = ModelState::Retrying { since: Timestamp::EPOCH, why: "the disk is full".into() };
        let stopped = ModelState::Stopped { stopped_at: 8, why: "a kind".into() };
        let stalled = ModelStatus { lag_events: 3, stalled_ms: 15_001, ..WELL };
        for (model, follows, said) in [
            (WELL, true, None),
            (ModelStatus { live_build: false, ..WELL }, false, Some("practices has no live build.")),
            (
                ModelStatus { state: retrying, ..WELL },
                false,
                Some("practices cannot go on, and tries again: the disk is full."),
            ),
            (stalled.clone(), true, Some("practices is 3 events behind, and has not moved for 15 s.")),
            (stalled.clone(), false, None),
            (ModelStatus { stalled_ms: 15_000, ..stalled.clone() }, true, None),
            (ModelStatus { state: stopped, ..stalled }, true, None),
        ] {
            assert_eq!(obstacle_of(&model, follows).as_deref(), said, "{model:?}");
        }
    }
}
