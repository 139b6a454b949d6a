//! The kinds of events that a part of the check has to handle. Every kind of a followed service is either handled or
//! listed as ignored. Any other kind of that service is a finding, because the check cannot verify the rows then.

use super::{event::CheckedEvent, findings::Findings};

/// The result of a search for the arm that handles a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Arm {
    Found,
    Missing,
}

/// The kinds that a part of the check has to handle.
#[derive(Clone, Copy)]
pub struct Kinds {
    /// The followed service, which is the first part of its kinds: `appointment` in `appointment.booked.v1`.
    pub service: &'static str,
    /// The kinds of this service that change nothing here.
    pub ignored: &'static [&'static str],
}

impl Kinds {
    /// True if this kind needs an arm: the kind is of the service and not ignored.
    pub fn need(&self, kind: &str) -> bool {
        kind.split_once('.').map_or(kind, |(service, _)| service) == self.service && !self.ignored.contains(&kind)
    }
}

/// Adds a finding: `part` of the check has no arm for the kind of this event.
pub fn unknown(part: &str, event: &CheckedEvent, findings: &mut Findings) {
    findings.add("care", event.position, format!("{part}: the check does not know the kind {}", event.kind));
}
