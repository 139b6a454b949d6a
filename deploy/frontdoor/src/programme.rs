//! `frontdoor programme`: what the authors of vaccination programmes use. It reads files, and no log.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use host::output;
use programmes::{Programme, ProgrammeDocument, cases::untested, check, run_cases};

use crate::{
    cli::ProgrammeTask,
    rule_file::{EXIT_UNREADABLE, EXIT_WELL, EXIT_WRONG, read},
};

pub fn perform(task: &ProgrammeTask) -> ExitCode {
    let done = match task {
        ProgrammeTask::Check { file } => document(file).map(|document| findings(&document)),
        ProgrammeTask::Test { file, cases } => test(file, cases),
    };
    ExitCode::from(done.unwrap_or_else(|error| {
        output::error_line(format_args!("frontdoor: {error:#}"));
        EXIT_UNREADABLE
    }))
}

fn document(file: &Path) -> anyhow::Result<ProgrammeDocument> {
    ProgrammeDocument::parse(&read(file)?).with_context(|| file.display().to_string())
}

/// Prints the faults of an edition, a line each.
fn findings(document: &ProgrammeDocument) -> u8 {
    let findings = check(document);
    for finding in &findings {
        output::line(finding);
    }
    let (programme, edition, hash) = (&document.programme, document.edition, document.content_hash());
    let (vaccines, campaigns) = (document.vaccines.len(), document.campaigns.len());
    output::line(format_args!(
        "{programme}, edition {edition}, {vaccines} vaccines, {campaigns} campaigns, SHA-256 {hash}: {} findings",
        findings.len()
    ));
    if findings.is_empty() { EXIT_WELL } else { EXIT_WRONG }
}

/// Runs the cases of a table, and prints those that fail, and what no case tests.
fn test(file: &Path, table: &Path) -> anyhow::Result<u8> {
    let document = document(file)?;
    if !check(&document).is_empty() {
        return Ok(findings(&document));
    }
    let programme = Programme::parse(&read(file)?).with_context(|| file.display().to_string())?;
    let results = run_cases(&programme, &read(table)?).with_context(|| table.display().to_string())?;
    let failures: Vec<&String> = results.iter().filter_map(|result| result.failure.as_ref()).collect();
    for failure in &failures {
        output::line(failure);
    }
    let untested = untested(&programme, &results);
    for entry in &untested {
        output::line(format_args!("no case that passes tests {entry}"));
    }
    output::line(format_args!(
        "{} cases, {} failed, {} entries without a case",
        results.len(),
        failures.len(),
        untested.len()
    ));
    Ok(if failures.is_empty() && untested.is_empty() && !results.is_empty() { EXIT_WELL } else { EXIT_WRONG })
}
