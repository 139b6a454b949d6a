//! Times for auditors: in London, with seconds; and the time that an auditor types.

use event_core::Timestamp;
use jiff::{civil::DateTime, fmt::strtime};
use vocabulary::time::LONDON;

/// `26 November 2026, 09:00:00`
pub fn at_second(at: Timestamp) -> String {
    strtime::format("%-d %B %Y, %H:%M:%S", LONDON.local(at)).unwrap_or_else(|_| at.to_string())
}

/// The instant of a date and time in London, like `2026-11-26T09:00` or `2026-11-26 09:00:30`, or an instant with `Z`.
/// Of a time that exists twice it is the first one.
///
/// # Errors
/// A sentence for the auditor.
pub fn typed(text: &str) -> Result<Timestamp, &'static str> {
    if let Ok(instant) = text.parse() {
        return Ok(instant);
    }
    let civil: DateTime = text.parse().map_err(|_| "Enter a date and a time, like 2026-11-26 09:00:30")?;
    let zone = jiff::tz::TimeZone::get(LONDON.name()).unwrap_or(jiff::tz::TimeZone::UTC);
    let instant = zone.to_ambiguous_timestamp(civil).earlier();
    instant.map(Timestamp::from_jiff).map_err(|_| "Enter a time between 1970 and 9999")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_with_seconds_in_london() {
        assert_eq!(at_second("2026-07-01T08:00:05.25Z".parse().expect("valid")), "1 July 2026, 09:00:05");
    }

    #[test]
    fn a_time_is_typed_in_london_or_as_an_instant() {
        for (text, instant) in [
            ("2026-07-01T09:00", "2026-07-01T08:00:00Z"),
            ("2026-07-01 09:00:30", "2026-07-01T08:00:30Z"),
            ("2026-07-01T09:00:00Z", "2026-07-01T09:00:00Z"),
            ("2026-10-25T01:30", "2026-10-25T00:30:00Z"),
        ] {
            assert_eq!(typed(text).map(|at| at.to_string()).as_deref(), Ok(instant), "{text}");
        }
        assert!(typed("yesterday").is_err() && typed("").is_err());
    }
}
