//! An event in a list, and the addresses of the auditor's pages.

use event_core::{LogName, LogPosition, envelope::Actor};
use page_engine::PageError;
use query_engine::{QueryError, cloud_events::CloudEvent};

use super::moment;

/// An event as a row of a table.
#[derive(Debug, Clone)]
pub struct EventRow {
    pub position: LogPosition,
    pub time: String,
    /// The same time for programs.
    pub instant: String,
    pub kind: String,
    pub stream: String,
    pub revision: u64,
    pub role: String,
}

impl EventRow {
    /// # Errors
    /// If the event's position does not read, which is a bug.
    pub fn of(event: &CloudEvent) -> Result<EventRow, PageError> {
        Ok(EventRow {
            position: position(event)?,
            time: moment::at_second(event.time),
            instant: event.time.to_string(),
            kind: event.kind.to_string(),
            stream: event.subject.to_string(),
            revision: number(&event.revision)?,
            role: actor(event).map_or_else(|| "not known".to_owned(), |actor| actor.role.to_string()),
        })
    }
}

/// The event's caller; `None` if its description is of a later release.
pub fn actor(event: &CloudEvent) -> Option<Actor> {
    serde_json::from_str(&event.actor).ok()
}

pub const fn care(position: u64) -> LogPosition {
    LogPosition { log: LogName::Care, position }
}

/// # Errors
/// If the position does not read, which is a bug.
pub fn position(event: &CloudEvent) -> Result<LogPosition, PageError> {
    number(&event.position).map(care)
}

/// # Errors
/// If the text is not a number, which is a bug.
pub fn number(text: &str) -> Result<u64, PageError> {
    text.parse().map_err(|_| QueryError::Broken(format!("{text} is no position or revision")).into())
}

/// A position in `care` from an address or a form: `care:17`, or `17`.
pub fn typed_position(text: &str) -> Option<LogPosition> {
    match text.parse::<LogPosition>() {
        Ok(LogPosition { log: LogName::Care, position }) => Some(care(position)),
        Ok(LogPosition { log: LogName::Access, .. }) => None,
        Err(_) => format!("{}:{text}", LogName::Care).parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_typed_with_or_without_its_log() {
        for text in ["care:17", "17"] {
            assert_eq!(typed_position(text), Some(care(17)), "{text}");
        }
        for wrong in ["", "access:17", "-1", "care:", "seventeen", "care:care:1"] {
            assert_eq!(typed_position(wrong), None, "{wrong}");
        }
    }
}
