//! Checks that each event is on the stream that its data names. This rule is the same for all services.

use vocabulary::SERVICES;

use super::{event::CheckedEvent, findings::Findings};

/// Adds a finding if the event is on a stream other than the one that its data names.
pub fn prove(event: &CheckedEvent, findings: &mut Findings) {
    if named_by(event).is_some_and(|named| named != event.stream) {
        findings.add("care", event.position, format!("it stands on {}, which its data does not name", event.stream));
    }
}

/// The stream that the data names; `None` for a category that this binary does not know.
fn named_by(event: &CheckedEvent) -> Option<String> {
    let category = SERVICES
        .iter()
        .flat_map(|service| service.categories)
        .find(|category| category.kinds.contains(&event.kind.as_str()))?;
    let parts: Vec<&str> = category.named_by.iter().map(|field| event.text(&format!("/{field}"))).collect();
    Some(format!("{}-{}", category.name, parts.join(".")))
}
