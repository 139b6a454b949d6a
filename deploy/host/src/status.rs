//! `status`: queries the state of every process of a system, and reports problems.

use std::{collections::BTreeMap, net::SocketAddr, process::ExitCode, time::Duration};

use serde_json::{Value, json};

use crate::{
    cli::StatusOptions,
    health::{CLOCK_SKEW_MAX, STALL_MAX},
    operator::{ask, columns},
    output,
};

/// The time limit for an answer of a process.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// # Errors
/// If the output cannot be printed. Problems of the system are reported by the exit code.
pub fn status(options: &StatusOptions) -> anyhow::Result<ExitCode> {
    let answers = ask(async { Ok(futures::future::join_all(options.admin.iter().map(|admin| one(*admin))).await) })?;
    let system = SystemStatus::of(&answers, options.lag_max);
    if options.json {
        let json = json!({
            "processes": answers.iter().map(|(admin, answer)| json!({"admin": admin, "status": answer})).collect::<Vec<_>>(),
            "unwell": system.unwell,
        });
        output::line(format_args!("{json:#}"));
    } else {
        output::text(format_args!(
            "{}\n{}\n{}",
            columns(&system.processes),
            columns(&system.relays),
            columns(&system.projections)
        ));
        for what in &system.unwell {
            output::line(format_args!("{what}"));
        }
    }
    Ok(ExitCode::from(u8::from(!system.unwell.is_empty())))
}

/// A process's answer, or the reason why there is none.
type ProcessAnswer = (SocketAddr, Result<Value, String>);

async fn one(admin: SocketAddr) -> ProcessAnswer {
    let asked = async {
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWER_MAX).build()?;
        client.get(format!("http://{admin}/status")).send().await?.error_for_status()?.json().await
    };
    (admin, asked.await.map_err(|error: reqwest::Error| error.without_url().to_string()))
}

type TableRows = Vec<Vec<String>>;

/// The combined answers of the processes.
struct SystemStatus {
    processes: TableRows,
    relays: TableRows,
    projections: TableRows,
    unwell: Vec<String>,
}

impl SystemStatus {
    fn of(answers: &[ProcessAnswer], lag_max: u64) -> SystemStatus {
        let mut system = SystemStatus {
            processes: vec![["PROCESS", "ROLES", "STATE"].map(String::from).into()],
            relays: vec![
                ["RELAY OF", "LEADER", "EPOCH", "POSITION", "LAG", "LAG MS", "STATE"].map(String::from).into(),
            ],
            projections: vec![
                ["READ MODEL", "OWNER", "BUILD", "POSITION", "LAG", "LAG MS", "STATE"].map(String::from).into(),
            ],
            unwell: Vec::new(),
        };
        let mut leaders: BTreeMap<&str, usize> = BTreeMap::new();
        let mut listed = false;
        for (admin, answer) in answers {
            let status = match answer {
                Ok(status) => status,
                Err(why) => {
                    system.processes.push(vec![admin.to_string(), String::new(), "does not answer".into()]);
                    system.unwell.push(format!("{admin} does not answer: {why}"));
                    continue;
                }
            };
            let obstacle = status["obstacle"].as_str();
            let obstacles = status["obstacles"].as_array().into_iter().flatten().filter_map(Value::as_str);
            // A server of an earlier version reports a single obstacle.
            let all: Vec<&str> =
                if status["obstacles"].is_array() { obstacles.collect() } else { obstacle.into_iter().collect() };
            system.processes.push(vec![
                admin.to_string(),
                text(&status["roles"]),
                obstacle.unwrap_or("ready").to_owned(),
            ]);
            system.unwell.extend(all.into_iter().map(|why| format!("{admin} is not ready: {why}")));
            system.clock(*admin, &status["ahead_of_clock_ms"]);
            for relay in status["relays"].as_array().into_iter().flatten() {
                leaders.entry(relay["log"].as_str().unwrap_or_default()).or_default();
                system.relay(*admin, relay, lag_max, &mut leaders);
            }
            let models = status["projections"].as_array().filter(|models| !models.is_empty() && !listed);
            for model in models.into_iter().flatten() {
                listed = true;
                system.model(model, status["views_shared"] == true, lag_max);
            }
        }
        for (log, _) in leaders.into_iter().filter(|(_, leaders)| *leaders != 1) {
            system.unwell.push(format!("the log {log} has not one relay that leads"));
        }
        system
    }

    fn clock(&mut self, admin: SocketAddr, ahead_of_clock_ms: &Value) {
        let skew_max = CLOCK_SKEW_MAX.as_millis();
        for (log, ahead) in ahead_of_clock_ms.as_object().into_iter().flatten() {
            if ahead.as_u64().is_some_and(|ahead| u128::from(ahead) > skew_max) {
                let what = format!("the last event of {log} lies {ahead} ms ahead of the clock of {admin}");
                self.unwell.push(format!("{what}: a clock was, or is, wrong"));
            }
        }
    }

    fn relay<'a>(&mut self, admin: SocketAddr, relay: &'a Value, lag_max: u64, leaders: &mut BTreeMap<&'a str, usize>) {
        let log = relay["log"].as_str().unwrap_or_default();
        if let Some(why) = relay["stopped"].as_str() {
            self.unwell.push(format!("the relay of {log} at {admin} has stopped: {why}"));
        }
        if relay["leads"] != true {
            return;
        }
        *leaders.entry(log).or_default() += 1;
        if relay["lag_events"].as_u64().is_some_and(|lag| lag > lag_max) {
            self.unwell.push(format!("the topic of {log} is {} events behind", relay["lag_events"]));
        }
        let state = relay["stopped"].as_str().map_or("relaying", |_| "stopped");
        let fields = ["epoch", "position", "lag_events", "lag_ms"].map(|field| text(&relay[field]));
        let row = [log.to_owned(), admin.to_string()].into_iter().chain(fields).chain([state.to_owned()]);
        self.relays.push(row.collect());
    }

    fn model(&mut self, model: &Value, shared: bool, lag_max: u64) {
        let name = text(&model["name"]);
        let fields = ["name", "owner", "build", "position", "lag_events", "lag_ms", "state"].map(|field| &model[field]);
        self.projections.push(fields.map(text).into());
        if model["state"] == "stopped" {
            self.unwell.push(format!("{name} has stopped at {}: {}", model["stopped_at"], text(&model["why"])));
        }
        if model["state"] == "retrying" {
            self.unwell.push(format!("{name} tries again since {}: {}", text(&model["since"]), text(&model["why"])));
        }
        if model["live_build"] == false {
            self.unwell.push(format!("{name} has no live build"));
        }
        if shared && model["owner"].is_null() && model["state"] != "rebuilding" {
            self.unwell.push(format!("{name} has no owner"));
        }
        if model["stalled_ms"].as_u64().is_some_and(|stalled| u128::from(stalled) > STALL_MAX.as_millis()) {
            self.unwell.push(format!("{name} has not moved for {} ms", model["stalled_ms"]));
        }
        if model["lag_events"].as_u64().is_some_and(|lag| lag > lag_max) {
            self.unwell.push(format!("{name} is {} events behind", model["lag_events"]));
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(relays: Value, projections: Value) -> ProcessAnswer {
        let admin = SocketAddr::from(([127, 0, 0, 1], 1));
        (admin, Ok(json!({"roles": "relay", "obstacle": null, "relays": relays, "projections": projections})))
    }

    fn relay(leads: bool, lag: u64) -> Value {
        json!([{"log": "care", "leads": leads, "epoch": 1, "position": 7, "lag_events": lag, "lag_ms": 0, "stopped": null}])
    }

    #[test]
    fn a_system_whose_logs_have_one_leader_each_and_whose_models_follow_is_well() {
        let model = json!([{"name": "practices", "state": "following", "lag_events": 0, "position": 7}]);
        let system = SystemStatus::of(&[process(relay(true, 0), json!([])), process(relay(false, 0), model)], 10);
        assert_eq!(system.unwell, Vec::<String>::new());
        assert_eq!((system.processes.len(), system.relays.len(), system.projections.len()), (3, 2, 2));
    }

    #[test]
    fn what_is_not_well_is_said() {
        let stopped =
            json!([{"name": "practices", "state": "stopped", "stopped_at": 7, "why": "a kind", "lag_events": 0}]);
        let model = |field: Value| {
            let mut model = json!({"name": "practices", "state": "following", "lag_events": 0, "position": 7});
            model.as_object_mut().expect("an object").extend(field.as_object().expect("an object").clone());
            json!([model])
        };
        let mut shared = process(json!([]), model(json!({})));
        shared.1.as_mut().expect("a status")["views_shared"] = json!(true);
        let mut obstructed = process(json!([]), json!([]));
        obstructed.1.as_mut().expect("a status")["obstacles"] =
            json!(["This process is ending.", "The log care could not be written: the disk is full."]);
        let mut ahead = process(json!([]), json!([]));
        ahead.1.as_mut().expect("a status")["ahead_of_clock_ms"] = json!({"care": 3_600_000, "access": 0});
        let gone = (SocketAddr::from(([127, 0, 0, 1], 2)), Err("refused".to_owned()));
        for (answers, said) in [
            (vec![process(relay(false, 0), json!([]))], "has not one relay"),
            (vec![process(relay(true, 0), json!([])), process(relay(true, 0), json!([]))], "has not one relay"),
            (vec![process(relay(true, 11), json!([]))], "11 events behind"),
            (vec![process(json!([]), stopped)], "has stopped at 7: a kind"),
            (vec![process(json!([]), model(json!({"live_build": false})))], "practices has no live build"),
            (vec![shared], "practices has no owner"),
            (vec![process(json!([]), model(json!({"stalled_ms": 15_001})))], "practices has not moved for 15001 ms"),
            (
                vec![process(
                    json!([]),
                    model(json!({"state": "retrying", "since": "2026-11-25T00:00:00Z", "why": "full"})),
                )],
                "practices tries again since 2026-11-25T00:00:00Z: full",
            ),
            (vec![obstructed], "is not ready: The log care could not be written: the disk is full."),
            (vec![ahead], "the last event of care lies 3600000 ms ahead of the clock"),
            (vec![gone], "does not answer: refused"),
        ] {
            let unwell = SystemStatus::of(&answers, 10).unwell;
            assert!(unwell.iter().any(|what| what.contains(said)), "{said}: {unwell:?}");
        }
    }
}
