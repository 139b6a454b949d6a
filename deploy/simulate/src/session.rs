//! One call of `frontdoor simulate`, from the first request to the report.

use std::{
    fs,
    net::ToSocketAddrs,
    sync::{Arc, atomic::AtomicU64},
};

use anyhow::{Context, ensure};
use tokio::time::Instant;
use vocabulary::time::LONDON;

use crate::{
    bars::highest_rate,
    callers::{CallerBook, TokenSigner},
    context::{RunClock, RunContext, RunId},
    lags::look,
    load::VisitNumbers,
    measures::Measures,
    options::Simulate,
    periods::SimulationCall,
    pool::ConnectionPool,
    prepare,
    progress::LiveOutput,
    report::{self, RunReport},
    told::{ToldFile, ToldWriter},
    town::Town,
    verify::{self, SystemSources, ToldFacts, ToldVerdict, Untruths},
};

/// Tokens are valid for as long as the longest run, and its preparation.
const TOKEN_SECONDS: i64 = 36 * 3_600;
/// An operator's listener is asked by one request at a time.
const ADMIN_CONNECTIONS: usize = 2;

/// Runs the simulation. True if no answer was untrue and every limit was kept.
///
/// # Errors
/// If the system cannot be reached, the preparation is refused, or a file cannot be written.
pub async fn simulate(options: &Simulate, signer: Arc<dyn TokenSigner>, print: fn(&str)) -> anyhow::Result<bool> {
    let output = Arc::new(LiveOutput::new(print));
    let clock = RunClock::now();
    let now = clock.time_of(Instant::now());
    let callers = Arc::new(CallerBook::new(signer, now.micros() / 1_000_000, TOKEN_SECONDS));
    let town = Town::of(options.patients, options.practices)?;
    let connections = options.connections as usize;
    let commands = Arc::new(ConnectionPool::to(&options.target, connections, options.elsewhere).await?);
    let queries = match options.queries.is_empty() {
        true => Arc::clone(&commands),
        false => Arc::new(ConnectionPool::to(&options.queries, connections, options.elsewhere).await?),
    };
    if let Some(file) = &options.hold {
        let mut untruths = Untruths::default();
        let facts = ToldFacts::read(file, &mut untruths)?;
        let from = facts.start();
        let system = SystemSources::of(queries, callers)?;
        return Ok(judged(&output, verify::hold(facts, untruths, &system, from, &[]).await?));
    }
    let admins = Arc::new(admins(options).await?);
    fs::create_dir_all(&options.folder).with_context(|| options.folder.display().to_string())?;
    let (told, file) = ToldWriter::to(&options.folder.join("told.ndjson"))?;
    let id = RunId::at(now);
    output.line(&format!(
        "This writes synthetic data to {}: {} practices SIM…, {} people with NHS numbers from 999 000 0000. No command removes \
         them. Run {}.",
        options.target.join(", "),
        town.practices,
        town.patients,
        id.text()
    ));
    let run = RunContext {
        commands,
        queries,
        callers,
        told,
        measures: Arc::new(Measures::new()?),
        clock,
        town,
        id,
        speed: options.speed,
        today: LONDON.day(now),
        visits: Arc::new(AtomicU64::new(1)),
    };
    let numbers = VisitNumbers::from(id.scattered());
    perform(SimulationCall { options, run, admins, output, numbers, sessions: 0 }, file).await
}

/// The pools of the operator's addresses. A name stands for a process at each of its addresses.
async fn admins(options: &Simulate) -> anyhow::Result<Vec<ConnectionPool>> {
    let mut admins = Vec::new();
    for admin in &options.admin {
        let named = admin.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let resolving = named.clone();
        let addresses = tokio::task::spawn_blocking(move || resolving.to_socket_addrs()).await?;
        for address in addresses.with_context(|| format!("--admin {named}"))? {
            let url = [format!("http://{address}")];
            admins.push(ConnectionPool::to(&url, ADMIN_CONNECTIONS, options.elsewhere).await?);
        }
    }
    Ok(admins)
}

/// Prints the verdict, and says whether it is good.
fn judged(output: &LiveOutput, verdict: ToldVerdict) -> bool {
    for text in verdict.untruths.texts.iter().skip(1) {
        output.line(text);
    }
    output.line(&verdict.line());
    verdict.is_good()
}

/// Prepares the town, lets users come, and judges what they were told.
async fn perform(mut call: SimulationCall<'_>, file: ToldFile) -> anyhow::Result<bool> {
    let first = look(&call.admins).await;
    ensure!(!first.positions.is_empty(), "--admin: no operator's address answers, so the lag of views is not known");
    prepare::town(&call.run, &call.output).await?;
    let (mut tried, mut filled) = (Vec::new(), Vec::new());
    let results = match (call.options.rush, call.options.find_rate) {
        (Some(people), _) => {
            let (results, sessions) = call.rush(people).await?;
            filled = sessions;
            results
        }
        (None, true) => {
            let (results, search) = call.find_rate().await?;
            tried = search.tried;
            results
        }
        (None, false) => call.monday().await?,
    };
    let limits = call.limits();
    call.settled().await?;
    let lines = file.written().await?;
    call.output.line(&format!("Holding {} answers against the log and the views …", verify::thousands(lines)));
    let mut untruths = Untruths::default();
    let facts = ToldFacts::read(&call.options.folder.join("told.ndjson"), &mut untruths)?;
    let system = SystemSources::of(Arc::clone(&call.run.queries), Arc::clone(&call.run.callers))?;
    let verdict = verify::hold(facts, untruths, &system, first.end, &filled).await?;
    let mut bars = limits.bars(&results.measured, &results.lags, results.unended);
    if call.options.find_rate {
        let held = tried.iter().filter(|tried| tried.exceeded.is_empty());
        let best = held.max_by(|a, b| a.rate.total_cmp(&b.rate));
        // A search exceeds the limits on purpose; what is reported is its best step.
        bars = vec![highest_rate(best)];
    }
    if let Some((places, booked)) = verdict.filled {
        call.output.line(&format!("Booked: {booked} of {places} places."));
    }
    let report = RunReport {
        title: format!("Frontdoor, simulated Monday {}", call.run.today),
        settings: settings(&call),
        bars,
        measured: results.measured,
        lags: results.lags,
        tried,
        verdict,
        waited_for_connection: call.run.commands.waited() + call.run.queries.waited(),
        unended: results.unended,
    };
    let page = call.options.folder.join("report.html");
    fs::write(&page, report::page(&report)).with_context(|| page.display().to_string())?;
    call.output.line(report::summary(&report).trim_end());
    call.output.line(&format!("Report: {}", page.display()));
    let good = report.is_good();
    judged(&call.output, report.verdict);
    Ok(good)
}

/// Names and values of the settings, for the report.
fn settings(call: &SimulationCall<'_>) -> Vec<(String, String)> {
    let Simulate { target, patients, practices, minutes, speed, seed, connections, .. } = call.options;
    let setting = |name: &str, value: String| (name.to_owned(), value);
    let mut settings = vec![
        setting("run", call.run.id.text()),
        setting("target", target.join(", ")),
        setting("patients", verify::thousands(u64::from(*patients))),
        setting("practices", verify::thousands(u64::from(*practices))),
        setting("connections", connections.to_string()),
        setting("seed", seed.to_string()),
    ];
    match (call.options.rush, call.options.find_rate) {
        (Some(people), _) => settings.push(setting("rush", format!("{people} people"))),
        (None, true) => settings.push(setting("step", format!("{} s", call.options.step_seconds))),
        (None, false) => settings.push(setting("minutes", minutes.to_string())),
    }
    match call.options.rate {
        Some(rate) => settings.push(setting("visits a second", rate.to_string())),
        None => settings.push(setting("speed", speed.to_string())),
    }
    settings
}
