//! The check of a release: what is wrong with it, found before a person meets it. Each stage needs a release that the stage
//! before found to be in order: names and bounds, then the graph, then every situation that can occur.

mod graph;
mod regions;
mod resolve;
mod situations;
mod structure;
mod texts;

use crate::{compiled::CompiledQuestion, document::PathwayDocument, finding::Finding};

/// All faults that are found; none if the release can be used. A fault can hide others: check again after a correction.
pub fn check(document: &PathwayDocument) -> Vec<Finding> {
    match compile(document) {
        Ok(_) => Vec::new(),
        Err(findings) => findings,
    }
}

/// The compiled questions of a document without faults.
///
/// # Errors
/// The findings, at least one.
pub(crate) fn compile(document: &PathwayDocument) -> Result<Vec<CompiledQuestion>, Vec<Finding>> {
    let mut findings = structure::check(document);
    findings.extend(texts::check(document));
    if !structure::is_sound(&findings) {
        return Err(findings);
    }
    let (questions, unresolved) = resolve::resolve(document);
    findings.extend(unresolved);
    if !structure::is_sound(&findings) {
        return Err(findings);
    }
    let graph = graph::Graph::of(document, &questions);
    findings.extend(graph.findings());
    if let Some(order) = graph.order() {
        findings.extend(situations::check(document, &questions, order));
    }
    if findings.is_empty() { Ok(questions) } else { Err(findings) }
}
