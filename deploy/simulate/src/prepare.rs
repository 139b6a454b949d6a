//! The preparation: what has to be there before users come. It is a closed loop, because its speed does not matter. Every
//! command has a derived key, so an interrupted preparation is repeated without effect up to where it was.

use anyhow::{bail, ensure};
use event_core::Timestamp;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    activity::SimulatedClinic,
    callers::SimulatedCaller,
    context::RunContext,
    progress::LiveOutput,
    request::{self, outcome_of, problem_code},
    told::ToldOutcome,
    town::{PHARMACY, SimulatedPatient, plan_id, practice_body, registration_body},
};

/// The number of commands of the preparation that are under way at the same time.
const IN_FLIGHT: usize = 64;
/// How often a command is tried again while the system is busy, and the pause between.
const TRIES_MAX: u32 = 30;
const PAUSE: std::time::Duration = std::time::Duration::from_secs(1);
/// The most sessions that a practice publishes on one day: a rule of the system.
const SESSIONS_A_DAY_MAX: u32 = 500;
/// Clinics are on this many days from tomorrow.
const CLINIC_DAYS: u32 = 14;
/// Repeat plans of a patient, with this many issues, to be reviewed in so many days.
const PLANS_EACH: u32 = 2;
const ISSUES: u32 = 12;
const REVIEW_DAYS: i64 = 300;

/// A command of the preparation.
struct Preparing {
    caller: SimulatedCaller,
    name: &'static str,
    key: String,
    body: Value,
}

/// Opens the practices and the pharmacy, and registers the patients.
///
/// # Errors
/// If a command is not granted.
pub async fn town(run: &RunContext, output: &LiveOutput) -> anyhow::Result<()> {
    let town = run.town;
    let operator = run.callers.operator()?;
    let pharmacy = json!({"pharmacy": PHARMACY, "name": "Simulated Pharmacy", "address": "2 Load Street, Exampleton"});
    let pharmacy = Preparing {
        caller: operator.clone(),
        name: "open-pharmacy",
        key: "sim-town-pharmacy-1".to_owned(),
        body: pharmacy,
    };
    let practices = (0..town.practices).map(|n| {
        let code = town.practice(n);
        let (key, body) = (format!("sim-town-practice-{code}"), practice_body(&code));
        Ok(Preparing { caller: operator.clone(), name: "open-practice", key, body })
    });
    give(run, output, "opening practices", u64::from(town.practices) + 1, practices.chain([Ok(pharmacy)])).await?;
    let patients = (0..town.patients).map(|n| {
        let patient = town.patient(u64::from(n));
        let caller = run.callers.desk(&patient.practice)?;
        let (key, body) = (format!("sim-town-patient-{}", patient.subject), registration_body(&patient));
        Ok(Preparing { caller, name: "register-patient", key, body })
    });
    give(run, output, "registering patients", u64::from(town.patients), patients).await
}

/// Authorises repeat plans for these patients, and nominates the pharmacy of the town.
///
/// # Errors
/// If a command is not granted.
pub async fn plans(run: &RunContext, output: &LiveOutput, patients: &[SimulatedPatient]) -> anyhow::Result<()> {
    let count = patients.len() as u64;
    let plans = patients.iter().flat_map(|patient| (0..PLANS_EACH).map(move |plan| repeat_plan(run, patient, plan)));
    give(run, output, "authorising repeats", count * u64::from(PLANS_EACH), plans).await?;
    let nominations = patients.iter().map(|patient| {
        let key = format!("sim-town-pharmacy-{}", patient.subject);
        let body = json!({"patient": patient.subject, "pharmacy": PHARMACY});
        Ok(Preparing { caller: run.callers.patient(&patient.subject)?, name: "nominate-pharmacy", key, body })
    });
    give(run, output, "choosing a pharmacy", count, nominations).await
}

fn repeat_plan(run: &RunContext, patient: &SimulatedPatient, plan: u32) -> anyhow::Result<Preparing> {
    let medicine = json!({"code": "39113611000001102", "name": "Atorvastatin 20mg tablets",
        "dose": "One tablet to be taken each evening", "quantity": "28 tablets"});
    let body = json!({
        "patient": patient.subject, "practice": patient.practice, "plan": plan_id(plan + 1), "medicine": medicine,
        "supplyDays": 28, "issues": ISSUES, "reviewOn": run.today.plus_days(REVIEW_DAYS),
    });
    // The review's day depends on the day of the first preparation, so a later one has a key of its own and is refused.
    let key = format!("sim-town-plan-{}-{plan}-{}", run.today, patient.subject);
    Ok(Preparing { caller: run.callers.prescriber(&patient.practice)?, name: "authorise-repeat", key, body })
}

/// Publishes clinics of a kind with at least this many places, evenly over the practices. `first` is the number of the first
/// session of this run; the next free number is returned.
///
/// # Errors
/// If the practices cannot publish so many, or a command is not granted.
pub async fn clinics(
    run: &RunContext,
    output: &LiveOutput,
    kind: &'static SimulatedClinic,
    places: u32,
    first: u64,
    released_at: Option<Timestamp>,
) -> anyhow::Result<u64> {
    let practices = run.town.practices;
    let each = places.div_ceil(kind.places).div_ceil(practices);
    ensure!(
        each <= SESSIONS_A_DAY_MAX,
        "{places} places in clinics of {} are {each} sessions of each practice, which publishes {SESSIONS_A_DAY_MAX} a day: \
         more --practices are needed",
        kind.service
    );
    let sessions = (0..each * practices).map(|n| {
        let practice = run.town.practice(n % practices);
        let number = first + u64::from(n);
        let session = format!("{practice}.{}", run.id.id(number));
        // The numbers go on, so that the clinics of a short period are not all on the first day.
        let day = number / u64::from(practices) % u64::from(CLINIC_DAYS);
        let on = run.today.plus_days(1 + i64::try_from(day)?);
        session_of(run, kind, &practice, session, on, "09:00", released_at)
    });
    let count = u64::from(each * practices);
    give(run, output, "publishing clinics", count, sessions).await?;
    Ok(first + count)
}

/// The command that publishes a session.
fn session_of(
    run: &RunContext,
    kind: &'static SimulatedClinic,
    practice: &str,
    session: String,
    on: event_core::LocalDate,
    from: &str,
    released_at: Option<Timestamp>,
) -> anyhow::Result<Preparing> {
    let mut body = json!({
        "session": session, "on": on, "from": from, "until": kind.until, "slotMinutes": kind.slot_minutes,
        "capacity": kind.capacity, "service": kind.service, "channel": "in-person",
        "practitioner": {"name": kind.practitioner, "role": kind.role},
    });
    if let Some(released_at) = released_at {
        body["releasedAt"] = json!(released_at);
    }
    let (caller, key) = (run.callers.desk(practice)?, format!("sim-session-{session}"));
    Ok(Preparing { caller, name: "publish-session", key, body })
}

/// Publishes the clinics of the rush: session `n` is at practice `n` modulo their number, on the same day.
///
/// # Errors
/// If a command is not granted.
pub async fn rush_clinics(
    run: &RunContext,
    output: &LiveOutput,
    kind: &'static SimulatedClinic,
    sessions: &[(String, String)],
    until: &str,
    released_at: Timestamp,
) -> anyhow::Result<()> {
    let on = run.today.plus_days(1);
    let commands = sessions.iter().map(|(practice, session)| {
        let mut command = session_of(run, kind, practice, session.clone(), on, "09:00", Some(released_at))?;
        command.body["until"] = until.into();
        Ok(command)
    });
    give(run, output, "publishing clinics", sessions.len() as u64, commands).await
}

/// Each of these patients signs in and looks at the appointments, as people do before the hour.
///
/// # Errors
/// If a query is not answered.
pub async fn sign_in(run: &RunContext, output: &LiveOutput, patients: u32) -> anyhow::Result<()> {
    output.begin("people open the app", u64::from(patients));
    let look = |n: u32| async move {
        let patient = run.town.patient(u64::from(n));
        let caller = run.callers.patient(&patient.subject)?;
        let path = format!("/patients/{}/appointments", patient.subject);
        let request = request::query(run.queries.host(), &caller.token, &path);
        let answer = run.queries.exchange(&request).await;
        let status = answer.map_err(|silence| anyhow::anyhow!("{path}: {}", silence.why))?.status;
        ensure!(status == 200, "{path} was answered {status}");
        output.step();
        Ok(())
    };
    let done: anyhow::Result<()> = stream::iter(0..patients).map(look).buffer_unordered(IN_FLIGHT).try_collect().await;
    output.end();
    done
}

async fn give(
    run: &RunContext,
    output: &LiveOutput,
    what: &str,
    count: u64,
    commands: impl Iterator<Item = anyhow::Result<Preparing>>,
) -> anyhow::Result<()> {
    if count == 0 {
        return Ok(());
    }
    output.begin(what, count);
    let given = stream::iter(commands)
        .map(|command| async {
            granted(run, &command?).await?;
            output.step();
            Ok(())
        })
        .buffer_unordered(IN_FLIGHT)
        .try_collect()
        .await;
    output.end();
    given
}

async fn granted(run: &RunContext, command: &Preparing) -> anyhow::Result<()> {
    let Preparing { caller, name, key, body } = command;
    // The events of the preparation are no part of what clients are told.
    let correlation = uuid::Uuid::new_v4();
    let request = request::command(run.commands.host(), &caller.token, name, key, correlation, body);
    for _ in 0..TRIES_MAX {
        let received = match run.commands.exchange(&request).await {
            Ok(received) => received,
            Err(silence) => bail!("{name}: {}", silence.why),
        };
        match outcome_of(received.status) {
            ToldOutcome::Granted => return Ok(()),
            ToldOutcome::Busy | ToldOutcome::Unanswered => sleep(PAUSE).await,
            ToldOutcome::Refused | ToldOutcome::Failed => {
                let problem: Value = serde_json::from_slice(&received.body).unwrap_or_default();
                let code = problem_code(received.status, &problem);
                if is_of_earlier_run(&code) {
                    return Ok(());
                }
                bail!("{name} was answered {} {code}: {problem}", received.status)
            }
        }
    }
    bail!("{name}: the system is busy")
}

/// True for a refusal that says that an earlier preparation has done it, in another way or on another day.
fn is_of_earlier_run(code: &str) -> bool {
    ["repeat-exists", "practice-exists", "pharmacy-exists"].contains(&code)
}
