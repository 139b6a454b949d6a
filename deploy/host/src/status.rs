//! `status`: queries the state of every process of a system, and reports problems.

use std::{process::ExitCode, time::Duration};

use page_engine::SystemState;
use serde_json::json;

use crate::{
    cli::StatusOptions,
    operator::{ask, columns},
    output, peers,
    system_status::merged,
};

/// The time limit for an answer of a process.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// # Errors
/// If the output cannot be printed. Problems of the system are reported by the exit code.
pub fn status(options: &StatusOptions) -> anyhow::Result<ExitCode> {
    let answers = ask(async {
        let client = peers::client(ANSWER_MAX)?;
        let admins = peers::behind(&options.admin).await;
        Ok(futures::future::join_all(admins.iter().map(|admin| peers::asked(&client, admin))).await)
    })?;
    let system = merged(&answers, options.lag_max);
    if options.json {
        let processes = answers.iter().map(|asked| json!({"admin": asked.address, "status": asked.answer}));
        let json = json!({"processes": processes.collect::<Vec<_>>(), "unwell": system.unwell});
        output::line(format_args!("{json:#}"));
    } else {
        let tables = tables(&system).map(|table| columns(&table));
        output::text(format_args!("{}", tables.join("\n")));
        for what in &system.unwell {
            output::line(format_args!("{what}"));
        }
    }
    Ok(ExitCode::from(u8::from(!system.unwell.is_empty())))
}

type TableRows = Vec<Vec<String>>;

/// The processes, the relays that lead, the read models, and the policies, each below its headings.
fn tables(system: &SystemState) -> [TableRows; 4] {
    let processes = system.processes.iter().map(|process| {
        let state = match (&process.silence, process.obstacles.first()) {
            (Some(_), _) => "does not answer",
            (None, Some(obstacle)) => obstacle,
            (None, None) => "ready",
        };
        vec![process.address.clone(), process.roles.clone(), state.to_owned()]
    });
    let relays = system.relays.iter().filter(|relay| relay.leads).map(|relay| {
        let numbers = [relay.epoch, relay.position, relay.lag_events, relay.lag_ms].map(or_dash);
        let state = relay.stopped.as_ref().map_or("relaying", |_| "stopped");
        [relay.log.clone(), relay.address.clone()].into_iter().chain(numbers).chain([state.to_owned()]).collect()
    });
    let read_models = system.read_models.iter().map(|model| {
        vec![
            model.name.clone(),
            or_dash(model.owner.clone()),
            model.build.to_string(),
            model.position.to_string(),
            model.lag_events.to_string(),
            or_dash(model.lag_ms),
            model.state.clone(),
        ]
    });
    let policies = system.policies.iter().map(|policy| {
        let numbers =
            [policy.position, policy.lag_events, policy.waiting, policy.parked].map(|number| number.to_string());
        let texts = [policy.name.clone(), or_dash(policy.followed_at.clone())];
        texts.into_iter().chain(numbers).chain([policy.state.clone()]).collect()
    });
    [
        below(["PROCESS", "ROLES", "STATE"], processes),
        below(["RELAY OF", "LEADER", "EPOCH", "POSITION", "LAG", "LAG MS", "STATE"], relays),
        below(["READ MODEL", "OWNER", "BUILD", "POSITION", "LAG", "LAG MS", "STATE"], read_models),
        below(["POLICY", "AT", "POSITION", "LAG", "WAITING", "PARKED", "STATE"], policies),
    ]
}

fn below<const N: usize>(headings: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> TableRows {
    std::iter::once(headings.map(String::from).into()).chain(rows).collect()
}

fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use page_engine::{ProcessState, RelayState};

    use super::*;

    #[test]
    fn the_tables_have_every_process_and_the_relays_that_lead() {
        let relay = |leads| RelayState { log: "care".to_owned(), leads, ..RelayState::default() };
        let silent = ProcessState { silence: Some("refused".to_owned()), ..ProcessState::default() };
        let system = SystemState {
            processes: vec![ProcessState::default(), silent],
            relays: vec![relay(true), relay(false)],
            ..SystemState::default()
        };
        let [processes, relays, read_models, _] = tables(&system);
        assert_eq!(processes.iter().map(|row| &*row[2]).collect::<Vec<_>>(), ["STATE", "ready", "does not answer"]);
        assert_eq!((relays.len(), read_models.len()), (2, 1));
        assert_eq!(relays[1], ["care", "", "-", "-", "-", "-", "relaying"]);
    }
}
