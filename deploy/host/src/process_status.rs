//! The state of this process, as `/status` reports it.

use std::{collections::BTreeMap, time::Duration};

use event_core::Timestamp;
use projection_engine::Views;
use serde_json::{Value, json};

use crate::{app::App, health, readiness::Readiness};

/// The time limit for the policies' tables. A status is asked for with a limit of 5 s.
const POLICIES_ANSWER_MAX: Duration = Duration::from_secs(2);

/// For each readable log, the time by which its last event is ahead of the clock, in milliseconds.
pub async fn ahead_of_clock_ms(app: &App) -> BTreeMap<&'static str, u64> {
    let mut all = BTreeMap::new();
    for log in [&app.care, &app.access] {
        if let Some(ahead) = health::ahead_of_clock(log).await {
            all.insert(log.name().as_str(), u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX));
        }
    }
    all
}

/// The status of each policy in a process that runs policies; taking it sets their gauges. Without its tables, the
/// process reports the fault instead.
pub async fn policies(app: &App) -> Value {
    let Some(policies) = &app.policies else { return json!([]) };
    match tokio::time::timeout(POLICIES_ANSWER_MAX, policies.status()).await {
        Ok(Ok(items)) => json!(items),
        Ok(Err(error)) => json!([{"name": "policies", "state": "retrying", "why": error.to_string()}]),
        Err(_) => json!([{"name": "policies", "state": "retrying", "why": "their tables do not answer"}]),
    }
}

/// The roles and the state of a process. `ProcessStatus` reads it.
pub async fn of(app: &App, readiness: &Readiness) -> Value {
    let obstacles = readiness.obstacles();
    let mut relays = Vec::new();
    for relay in app.relays.iter() {
        let (relayed, log) = (relay.relayed().borrow().clone(), relay.log());
        let lag_events = relayed.epoch.map(|_| log.end().saturating_sub(relayed.position));
        let waiting = match lag_events {
            Some(1..) => health::event_after(log, relayed.position).await,
            Some(0) | None => None,
        };
        let now = Timestamp::from_jiff(jiff::Timestamp::now());
        let lag_ms = waiting.map_or(0, |event| now.since(event.recorded_at).as_millis().max(0));
        relays.push(json!({
            "log": log.name().as_str(),
            "leads": relayed.epoch.is_some(),
            "epoch": relayed.epoch,
            "position": relayed.position,
            "lag_events": lag_events,
            "lag_ms": u64::try_from(lag_ms).unwrap_or_default(),
            "stopped": relayed.stopped,
            "trouble": relayed.trouble,
        }));
    }
    json!({
        "roles": app.roles.to_string(),
        "obstacle": obstacles.first(),
        "obstacles": obstacles,
        "ends": {"care": app.care.end(), "access": app.access.end()},
        "ahead_of_clock_ms": ahead_of_clock_ms(app).await,
        "relays": relays,
        "owner": app.views.as_ref().map(Views::owner),
        "views_shared": app.views.as_ref().is_some_and(Views::are_shared),
        "projections": app.views_status(),
        "policies": policies(app).await,
    })
}
