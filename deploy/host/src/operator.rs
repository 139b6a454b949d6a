//! The operator's commands. Commands for a running server are calls to its admin listener.

use anyhow::{Context, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::{
    Application, Misconfigured,
    cli::{Asyncapi, LogCreate, Migrate, Projections, RebuildOptions, ServerAddress},
    history, http_client, output,
    url::{self, Url},
};
use event_core::{LogName, asyncapi};
use event_log::{Log, LogOptions};

/// `migrate`.
///
/// # Errors
/// If the database cannot be reached, rejects the change, or is newer than this binary.
pub fn migrate(options: &Migrate) -> anyhow::Result<()> {
    let url = url::given(url::LOG, options.log.as_ref(), options.log_file.as_deref())?;
    let Some(url) = url.filter(Url::is_postgres) else {
        let why = "--log is postgres://OWNER@HOST/DATABASE: SQLite needs no migration";
        return Err(Misconfigured(why.to_owned()).into());
    };
    url.checked("--log")?;
    for log in LogName::ALL {
        let migrated = event_log::postgres::migrate(url.exposed(), log, options.server_role.as_deref());
        ask(async { migrated.await.with_context(|| format!("the log {log} cannot be migrated")) })?;
        output::line(format_args!("the log {log} fits this binary"));
    }
    let migrated = policy_engine::postgres::migrate(url.exposed(), options.server_role.as_deref());
    ask(async { migrated.await.context("the tables of the policies cannot be migrated") })?;
    output::line(format_args!("the tables of the policies fit this binary"));
    Ok(())
}

/// `asyncapi`.
///
/// # Errors
/// If the kind is unknown, or the output cannot be written.
pub fn asyncapi(application: &Application, options: &Asyncapi) -> anyhow::Result<()> {
    let document = match &options.kind {
        None => asyncapi::document(application.services),
        Some(kind) => asyncapi::schema(application.services, kind)
            .ok_or_else(|| Misconfigured("there is no such kind; `asyncapi` without a kind lists them".to_owned()))?,
    };
    output::line(format_args!("{document:#}"));
    Ok(())
}

/// `projections`.
///
/// # Errors
/// If no server answers, or its answer is not understood.
pub fn projections(options: &Projections) -> anyhow::Result<()> {
    let list: Value = ask(async {
        let response =
            client()?.get(url(&options.server, "/projections")).send().await.context("is the server running?")?;
        response.error_for_status()?.json().await.context("the answer is no list")
    })?;
    if options.json {
        output::line(format_args!("{}", serde_json::to_string_pretty(&list)?));
    } else {
        output::text(format_args!("{}", table(&list)?));
    }
    Ok(())
}

fn table(list: &Value) -> anyhow::Result<String> {
    let items = list["items"].as_array().ok_or_else(|| anyhow!("the answer is no list"))?;
    let header = ["NAME", "VERSION", "BUILD", "POSITION", "LAG", "LAG MS", "STATE"].map(str::to_owned);
    let row = |item: &Value| {
        let text = |field: &str| item[field].as_str().map_or_else(|| item[field].to_string(), str::to_owned);
        ["name", "version", "build", "position", "lag_events", "lag_ms", "state"].map(text)
    };
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(items.iter().map(row)).map(Vec::from).collect();
    Ok(columns(&rows))
}

/// Formats rows of cells, each column as wide as its widest cell.
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// `rebuild NAME`.
///
/// # Errors
/// If no server answers, the read model is unknown, or the rebuild failed.
pub fn rebuild(options: &RebuildOptions) -> anyhow::Result<()> {
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len} events, {eta} left")?.progress_chars("=> "),
    );
    bar.set_message(options.name.clone());
    let path = format!("/projections/{}/rebuild", options.name);
    let report = ask(async {
        let mut response =
            client()?.post(url(&options.server, &path)).send().await.context("is the server running?")?;
        if !response.status().is_success() {
            let problem: Value = response.json().await.unwrap_or_default();
            bail!("{}", problem["title"].as_str().unwrap_or("the server refused"));
        }
        let mut pending = Vec::new();
        while let Some(piece) = response.chunk().await.context("the server went away; did it go on?")? {
            pending.extend_from_slice(&piece);
            while let Some(end) = pending.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                if let Some(report) = step(&bar, &serde_json::from_slice(&line)?)? {
                    return Ok(report);
                }
            }
        }
        bail!("the server went away before the end")
    })?;
    bar.finish_and_clear();
    let (events, seconds) = (&report["events"], report["seconds"].as_f64().unwrap_or(0.0));
    output::line(format_args!(
        "{} is rebuilt from {events} events in {seconds:.1} s: build {}",
        options.name, report["build"]
    ));
    Ok(())
}

/// Shows a line of progress. Returns the outcome if it is the last line.
fn step(bar: &ProgressBar, line: &Value) -> anyhow::Result<Option<Value>> {
    if let Some(why) = line["failed"].as_str() {
        bail!("the rebuild failed, and the live rows are as they were: {why}");
    }
    if let Some(progress) = line.get("progress") {
        bar.set_length(progress["events_total"].as_u64().unwrap_or(0));
        bar.set_position(progress["events_done"].as_u64().unwrap_or(0));
    }
    Ok(line.get("done").cloned())
}

/// # Errors
/// If the client cannot be built.
pub fn client() -> anyhow::Result<reqwest::Client> {
    Ok(http_client::for_operator()?.build()?)
}

pub fn url(server: &ServerAddress, path: &str) -> String {
    format!("http://{}{path}", server.admin)
}

/// Runs a future to completion.
///
/// # Errors
/// The error of the future, or of the runtime if it cannot be started.
pub fn ask<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// `log create sqlite:FOLDER`: makes the logs that are missing.
///
/// # Errors
/// When none is missing, or one cannot be made.
pub fn create_logs(application: &Application, options: &LogCreate) -> anyhow::Result<()> {
    let program = application.name;
    let Some(folder) = options.folder.sqlite().map(std::path::Path::new) else {
        let why = format!("a log is created in sqlite:FOLDER; in PostgreSQL, `{program} migrate` makes both");
        return Err(Misconfigured(why).into());
    };
    let missing: Vec<LogName> =
        LogName::ALL.into_iter().filter(|log| !history::holds(folder, &format!("{log}.db"))).collect();
    if missing.is_empty() {
        bail!("{} has both logs: nothing is to be created", folder.display());
    }
    ask(async {
        for name in missing {
            let opened = Log::open(options.folder.exposed(), name, LogOptions::default()).await;
            let log = opened.with_context(|| format!("the log {name} cannot be created"))?;
            output::line(format_args!("the log {name} begins a new history: lineage {}", log.lineage()));
            log.close().await;
        }
        anyhow::Ok(())
    })?;
    output::line(format_args!(
        "views that were made from another history stop: `{program} rebuild NAME`, or delete them"
    ));
    Ok(())
}
