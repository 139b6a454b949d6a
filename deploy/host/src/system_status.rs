//! The state of the system: the answers of its processes, merged.

use std::collections::BTreeMap;

use page_engine::{PolicyReport, ProcessState, ReadModelState, RelayState, SystemState};
use serde::Deserialize;

use crate::{
    health::{CLOCK_SKEW_MAX, STALL_MAX},
    peers::ProcessAnswer,
};

/// The number of events by which a relay or a read model may lag.
pub const LAG_EVENTS_MAX: u64 = 10_000;

/// The answer of a process to `/status`, as `process_status` writes it. A server of another version may report fewer
/// members.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProcessStatus {
    /// The name under which it owns read models.
    pub owner: Option<String>,
    pub roles: String,
    obstacle: Option<String>,
    /// Absent in the answer of an earlier version, which reports a single obstacle.
    obstacles: Option<Vec<String>>,
    ahead_of_clock_ms: BTreeMap<String, u64>,
    relays: Vec<RelayState>,
    views_shared: bool,
    projections: Vec<ReadModelState>,
    policies: Vec<PolicyReport>,
}

impl ProcessStatus {
    /// # Errors
    /// The reason why the process did not answer, or its answer was not understood.
    pub fn of(answer: &ProcessAnswer) -> Result<ProcessStatus, String> {
        serde_json::from_value(answer.answer.clone()?).map_err(|error| format!("its answer is not understood: {error}"))
    }

    fn obstacles(&self) -> Vec<String> {
        self.obstacles.clone().unwrap_or_else(|| self.obstacle.clone().into_iter().collect())
    }
}

/// The merged state of the processes that gave these answers. Relays and read models may lag by `lag_max` events. A
/// rebuild that failed makes nothing unwell, because the live rows go on.
pub fn merged(answers: &[ProcessAnswer], lag_max: u64) -> SystemState {
    let mut system = SystemState::default();
    let mut leaders: BTreeMap<String, usize> = BTreeMap::new();
    let mut models = ReadModelReports::default();
    let mut policies: BTreeMap<String, PolicyReport> = BTreeMap::new();
    for asked in answers {
        let address = &asked.address;
        let status = match ProcessStatus::of(asked) {
            Ok(status) => status,
            Err(why) => {
                system.unwell.push(format!("{address} does not answer: {why}"));
                system.processes.push(ProcessState {
                    address: address.clone(),
                    silence: Some(why),
                    ..ProcessState::default()
                });
                continue;
            }
        };
        let obstacles = status.obstacles();
        system.unwell.extend(obstacles.iter().map(|why| format!("{address} is not ready: {why}")));
        clock(&mut system, address, &status.ahead_of_clock_ms);
        models.add(address, &status);
        status.policies.iter().for_each(|report| policy(&mut policies, address, report));
        system.processes.push(ProcessState { address: address.clone(), roles: status.roles, obstacles, silence: None });
        for state in status.relays {
            *leaders.entry(state.log.clone()).or_default() += usize::from(state.leads);
            relay(&mut system, RelayState { address: address.clone(), ..state }, lag_max);
        }
    }
    for model in models.merged() {
        read_model(&mut system, &model, models.are_shared, lag_max);
        system.read_models.push(model);
    }
    for report in policies.into_values() {
        unwell_policy(&mut system, &report, lag_max);
        system.policies.push(report);
    }
    for (log, _) in leaders.into_iter().filter(|(_, leaders)| *leaders != 1) {
        system.unwell.push(format!("the log {log} has not one relay that leads"));
    }
    system
}

fn clock(system: &mut SystemState, address: &str, ahead_of_clock_ms: &BTreeMap<String, u64>) {
    let skew_max = CLOCK_SKEW_MAX.as_millis();
    for (log, ahead) in ahead_of_clock_ms.iter().filter(|(_, ahead)| u128::from(**ahead) > skew_max) {
        let lies = format!("the last event of {log} lies {ahead} ms ahead of the clock of {address}");
        system.unwell.push(format!("{lies}: a clock was, or is, wrong"));
    }
}

fn relay(system: &mut SystemState, relay: RelayState, lag_max: u64) {
    let RelayState { log, address, .. } = &relay;
    if let Some(why) = &relay.stopped {
        system.unwell.push(format!("the relay of {log} at {address} has stopped: {why}"));
    }
    if let Some(lag) = relay.lag_events.filter(|lag| relay.leads && *lag > lag_max) {
        system.unwell.push(format!("the topic of {log} is {lag} events behind"));
    }
    system.relays.push(relay);
}

/// Keeps the report of the process that runs a policy. Another process stands by; a fault of it counts only while no
/// process runs the policy.
fn policy(policies: &mut BTreeMap<String, PolicyReport>, address: &str, report: &PolicyReport) {
    let runs = report.state != "standby";
    let reported = PolicyReport { followed_at: runs.then(|| address.to_owned()), ..report.clone() };
    match policies.get_mut(&report.name) {
        None => drop(policies.insert(report.name.clone(), reported)),
        Some(known) if known.state != "following" && (runs || known.followed_at.is_none()) => *known = reported,
        Some(_) => {}
    }
}

fn unwell_policy(system: &mut SystemState, policy: &PolicyReport, lag_max: u64) {
    let (name, why) = (&policy.name, policy.why.as_deref().unwrap_or("-"));
    let mut unwell = |what: String| system.unwell.push(what);
    match policy.state.as_str() {
        "stopped" => {
            unwell(format!("the policy {name} has stopped at {}: {why}", policy.stopped_at.unwrap_or_default()))
        }
        "retrying" => {
            unwell(format!("the policy {name} tries again since {}: {why}", policy.since.as_deref().unwrap_or("-")))
        }
        "following" => {}
        _ => unwell(format!("no process runs the policy {name}")),
    }
    if policy.parked > 0 {
        unwell(format!("{} commands of the policy {name} are parked: see `policies held`", policy.parked));
    }
    if policy.lag_events > lag_max {
        unwell(format!("the policy {name} is {} events behind", policy.lag_events));
    }
}

fn read_model(system: &mut SystemState, model: &ReadModelState, are_shared: bool, lag_max: u64) {
    let (name, why) = (&model.name, model.why.as_deref().unwrap_or("-"));
    let mut unwell = |what: String| system.unwell.push(what);
    if model.state == "stopped" {
        unwell(format!("{name} has stopped at {}: {why}", model.stopped_at.unwrap_or_default()));
    }
    if model.state == "retrying" {
        unwell(format!("{name} tries again since {}: {why}", model.since.as_deref().unwrap_or("-")));
    }
    if !model.live_build {
        unwell(format!("{name} has no live build"));
    }
    if are_shared && model.owner.is_none() && model.state != "rebuilding" {
        unwell(format!("{name} has no owner"));
    }
    if u128::from(model.stalled_ms) > STALL_MAX.as_millis() {
        unwell(format!("{name} has not moved for {} ms", model.stalled_ms));
    }
    if model.lag_events > lag_max {
        unwell(format!("{name} is {} events behind", model.lag_events));
    }
}

/// The read models that the processes report. Each process reports all of them: the report of the process that follows
/// one counts, and the progress of a rebuild comes from the process that runs it.
#[derive(Default)]
struct ReadModelReports {
    reports: BTreeMap<(String, u32), Vec<(Reporter, ReadModelState)>>,
    are_shared: bool,
}

struct Reporter {
    address: String,
    owner: Option<String>,
}

impl ReadModelReports {
    fn add(&mut self, address: &str, status: &ProcessStatus) {
        self.are_shared |= status.views_shared;
        for model in &status.projections {
            let reporter = Reporter { address: address.to_owned(), owner: status.owner.clone() };
            self.reports.entry((model.name.clone(), model.version)).or_default().push((reporter, model.clone()));
        }
    }

    fn merged(&self) -> Vec<ReadModelState> {
        self.reports.values().filter_map(|reports| merged_model(reports)).collect()
    }
}

fn merged_model(reports: &[(Reporter, ReadModelState)]) -> Option<ReadModelState> {
    let follows =
        |(reporter, model): &&(Reporter, ReadModelState)| reporter.owner.is_some() && reporter.owner == model.owner;
    let (_, report) = reports.iter().find(follows).or(reports.first())?;
    let mut model = report.clone();
    let of_owner = |(reporter, _): &&(Reporter, ReadModelState)| model.owner.is_some() && reporter.owner == model.owner;
    model.followed_at = match reports {
        [(only, _)] if model.owner.is_none() => Some(only.address.clone()),
        _ => reports.iter().find(of_owner).map(|(reporter, _)| reporter.address.clone()),
    };
    if let Some((_, running)) = reports.iter().find(|(_, report)| report.rebuild.is_some()) {
        (model.state, model.rebuild, model.rebuild_failed) = (running.state.clone(), running.rebuild, None);
    } else {
        model.rebuild_failed = reports.iter().find_map(|(_, report)| report.rebuild_failed.clone());
    }
    Some(model)
}

#[cfg(test)]
mod tests {
    use page_engine::RebuildState;
    use projection_engine::{ModelState, ModelStatus, RebuildProgress};
    use serde_json::{Value, json};

    use super::*;

    fn process(relays: Value, projections: Value) -> ProcessAnswer {
        let answer = json!({"roles": "relay", "obstacle": null, "relays": relays, "projections": projections});
        ProcessAnswer { address: "127.0.0.1:1".to_owned(), answer: Ok(answer) }
    }

    fn with(mut process: ProcessAnswer, member: &str, value: Value) -> ProcessAnswer {
        process.answer.as_mut().expect("a status")[member] = value;
        process
    }

    fn relay(leads: bool, lag: u64) -> Value {
        json!([{"log": "care", "leads": leads, "epoch": 1, "position": 7, "lag_events": lag, "lag_ms": 0, "stopped": null}])
    }

    fn model(members: Value) -> Value {
        let mut model = json!({"name": "practices", "state": "following", "lag_events": 0, "position": 7});
        model.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
        json!([model])
    }

    #[test]
    fn a_system_whose_logs_have_one_leader_each_and_whose_models_follow_is_well() {
        let answers = [process(relay(true, 0), json!([])), process(relay(false, 0), model(json!({})))];
        let system = merged(&answers, 10);
        assert_eq!(system.unwell, Vec::<String>::new());
        assert_eq!((system.processes.len(), system.relays.len(), system.read_models.len()), (2, 2, 1));
    }

    #[test]
    fn what_is_not_well_is_said() {
        let obstacles = json!(["This process is ending.", "The log care could not be written: the disk is full."]);
        let gone = ProcessAnswer { address: "127.0.0.1:2".to_owned(), answer: Err("refused".to_owned()) };
        let of = |members: Value| vec![process(json!([]), model(members))];
        for (answers, said) in [
            (vec![process(relay(false, 0), json!([]))], "has not one relay"),
            (vec![process(relay(true, 0), json!([])), process(relay(true, 0), json!([]))], "has not one relay"),
            (vec![process(relay(true, 11), json!([]))], "11 events behind"),
            (of(json!({"state": "stopped", "stopped_at": 7, "why": "a kind"})), "has stopped at 7: a kind"),
            (of(json!({"live_build": false})), "practices has no live build"),
            (vec![with(process(json!([]), model(json!({}))), "views_shared", json!(true))], "practices has no owner"),
            (of(json!({"stalled_ms": 15_001})), "practices has not moved for 15001 ms"),
            (
                of(json!({"state": "retrying", "since": "2026-11-25T00:00:00Z", "why": "full"})),
                "practices tries again since 2026-11-25T00:00:00Z: full",
            ),
            (
                vec![with(process(json!([]), json!([])), "obstacles", obstacles)],
                "is not ready: The log care could not be written: the disk is full.",
            ),
            (
                vec![with(process(json!([]), json!([])), "ahead_of_clock_ms", json!({"care": 3_600_000, "access": 0}))],
                "the last event of care lies 3600000 ms ahead of the clock",
            ),
            (vec![gone], "does not answer: refused"),
        ] {
            let unwell = merged(&answers, 10).unwell;
            assert!(unwell.iter().any(|what| what.contains(said)), "{said}: {unwell:?}");
        }
    }

    #[test]
    fn the_report_of_the_process_that_runs_a_policy_counts() {
        let policies = |address: &str, state: &str, parked: u64| {
            let one = json!([{"name": "notes", "state": state, "position": 7, "parked": parked, "why": "full", "since": "2026"}]);
            ProcessAnswer { address: address.to_owned(), ..with(process(json!([]), json!([])), "policies", one) }
        };
        for answers in [
            [policies("a:1", "following", 0), policies("b:1", "standby", 0)],
            [policies("b:1", "standby", 0), policies("a:1", "following", 0)],
            [policies("b:1", "retrying", 0), policies("a:1", "following", 0)],
        ] {
            let system = merged(&answers, 10);
            let [policy] = &*system.policies else { panic!("{system:?}") };
            assert_eq!((policy.followed_at.as_deref(), system.unwell.len()), (Some("a:1"), 0), "{system:?}");
        }
        for (answer, said) in [
            (policies("a:1", "standby", 0), "no process runs the policy notes"),
            (policies("a:1", "following", 2), "2 commands of the policy notes are parked"),
            (policies("a:1", "retrying", 0), "the policy notes tries again since 2026: full"),
            (policies("a:1", "stopped", 0), "the policy notes has stopped at 0: full"),
        ] {
            let unwell = merged(&[answer], 10).unwell;
            assert!(unwell.iter().any(|what| what.contains(said)), "{said}: {unwell:?}");
        }
    }

    fn at(address: &str, owner: &str, models: Value) -> ProcessAnswer {
        ProcessAnswer { address: address.to_owned(), ..with(process(json!([]), models), "owner", json!(owner)) }
    }

    #[test]
    fn the_report_of_the_process_that_follows_a_read_model_counts() {
        let answers = [
            at("a:1", "one", model(json!({"owner": "two", "position": 5, "state": "retrying", "why": "no word"}))),
            at("b:1", "two", model(json!({"owner": "two", "position": 7}))),
        ];
        let system = merged(&answers, 10);
        let [model] = &*system.read_models else { panic!("{system:?}") };
        assert_eq!((model.position, &*model.state, model.followed_at.as_deref()), (7, "following", Some("b:1")));
        assert_eq!(system.unwell, Vec::<String>::new());
    }

    #[test]
    fn the_progress_of_a_rebuild_comes_from_the_process_that_runs_it() {
        let progress = json!({"events_done": 3, "events_total": 7, "events_per_second": 1.5, "seconds_left": 2.0});
        let answers = [
            at("a:1", "one", model(json!({"owner": "one", "rebuild_failed": "an earlier fault"}))),
            at("b:1", "two", model(json!({"owner": "one", "state": "rebuilding", "rebuild": progress}))),
        ];
        let system = merged(&answers, 10);
        let model = system.read_model("practices").expect("it is listed");
        let rebuild = RebuildState { events_done: 3, events_total: 7, events_per_second: 1.5, seconds_left: 2.0 };
        assert_eq!((model.rebuild, &*model.state, &model.rebuild_failed), (Some(rebuild), "rebuilding", &None));
        assert!(system.rebuilds() && system.unwell.is_empty(), "{system:?}");
    }

    #[test]
    fn the_status_of_a_read_model_reads_as_it_was_written() {
        let progress = RebuildProgress { events_done: 3, events_total: 7, events_per_second: 1.5, seconds_left: 2.0 };
        let written = ModelStatus {
            name: "practices",
            version: 2,
            build: 3,
            live_build: false,
            position: 7,
            lag_events: 4,
            lag_ms: Some(5),
            stalled_ms: 6,
            owner: Some("one".to_owned()),
            state: ModelState::Stopped { stopped_at: 8, why: "a kind".to_owned() },
            rebuild: Some(progress),
            rebuild_failed: Some("the disk is full".to_owned()),
        };
        let read: ReadModelState =
            serde_json::from_value(serde_json::to_value(&written).expect("it is written")).expect("it reads");
        let expected = ReadModelState {
            name: "practices".to_owned(),
            version: 2,
            build: 3,
            live_build: false,
            position: 7,
            lag_events: 4,
            lag_ms: Some(5),
            stalled_ms: 6,
            owner: written.owner,
            state: "stopped".to_owned(),
            why: Some("a kind".to_owned()),
            stopped_at: Some(8),
            rebuild: Some(RebuildState { events_done: 3, events_total: 7, events_per_second: 1.5, seconds_left: 2.0 }),
            rebuild_failed: written.rebuild_failed,
            ..ReadModelState::default()
        };
        assert_eq!(read, expected);
    }
}
