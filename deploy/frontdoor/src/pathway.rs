//! `frontdoor pathway`: what the authors of pathways use. It reads files, and no log.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use host::output;
use pathways::{CaseResult, PathwayDocument, Release, cases, check, mermaid, run_cases};

use crate::{
    cli::PathwayTask,
    rule_file::{EXIT_UNREADABLE, EXIT_WELL, EXIT_WRONG, read},
};

pub fn perform(task: &PathwayTask) -> ExitCode {
    let done = match task {
        PathwayTask::Check { file } => document(file).map(|document| findings(&document)),
        PathwayTask::Test { file, cases } => test(file, cases),
        PathwayTask::Graph { file } => document(file).map(|document| {
            output::text(mermaid(&document));
            EXIT_WELL
        }),
    };
    ExitCode::from(done.unwrap_or_else(|error| {
        output::error_line(format_args!("frontdoor: {error:#}"));
        EXIT_UNREADABLE
    }))
}

fn document(file: &Path) -> anyhow::Result<PathwayDocument> {
    PathwayDocument::parse(&read(file)?).with_context(|| file.display().to_string())
}

/// Prints the faults of a release, a line each.
fn findings(document: &PathwayDocument) -> u8 {
    let findings = check(document);
    for finding in &findings {
        output::line(finding);
    }
    let (pathway, release, hash) = (&document.pathway, document.release, document.content_hash());
    let (questions, outcomes) = (document.questions.len(), document.outcomes.len());
    output::line(format_args!(
        "{pathway}, release {release}, {questions} questions, {outcomes} outcomes, SHA-256 {hash}: {} findings",
        findings.len()
    ));
    if findings.is_empty() { EXIT_WELL } else { EXIT_WRONG }
}

/// Runs the cases of a table, and prints those that fail, and the outcomes that no case reaches.
fn test(file: &Path, table: &Path) -> anyhow::Result<u8> {
    let document = document(file)?;
    if !check(&document).is_empty() {
        return Ok(findings(&document));
    }
    let release = Release::parse(&read(file)?).with_context(|| file.display().to_string())?;
    let results = run_cases(&release, &read(table)?).with_context(|| table.display().to_string())?;
    let failures: Vec<&String> = results.iter().filter_map(|result: &CaseResult| result.failure.as_ref()).collect();
    for failure in &failures {
        output::line(failure);
    }
    let untested = cases::outcomes_without_case(&release, &results);
    for outcome in &untested {
        output::line(format_args!("no case that passes has the outcome {outcome}"));
    }
    output::line(format_args!(
        "{} cases, {} failed, {} outcomes without a case",
        results.len(),
        failures.len(),
        untested.len()
    ));
    Ok(if failures.is_empty() && untested.is_empty() && !results.is_empty() { EXIT_WELL } else { EXIT_WRONG })
}
