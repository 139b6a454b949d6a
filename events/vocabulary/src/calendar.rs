//! An appointment as a calendar file (RFC 5545). It holds no reason, because calendars are often shared.

use event_core::Timestamp;

/// A content line has at most this number of bytes; longer ones continue on the next line (RFC 5545, 3.1).
const LINE_BYTES_MAX: usize = 75;

/// An appointment, as it is written to a calendar file.
#[derive(Debug, Clone)]
pub struct CalendarEntry<'a> {
    /// The booking number, which identifies the entry in a calendar.
    pub reference: &'a str,
    pub version: u32,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub takes_place: bool,
    /// One line each.
    pub summary: &'a str,
    pub location: &'a str,
}

impl CalendarEntry<'_> {
    pub const CONTENT_TYPE: &'static str = "text/calendar; charset=utf-8";

    /// The text of the file.
    pub fn file(&self, now: Timestamp) -> String {
        let lines = [
            "BEGIN:VCALENDAR".to_owned(),
            "VERSION:2.0".to_owned(),
            "PRODID:-//Frontdoor//Appointments//EN".to_owned(),
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}@frontdoor", self.reference),
            format!("SEQUENCE:{}", self.version),
            format!("DTSTAMP:{}", utc(now)),
            format!("DTSTART:{}", utc(self.starts_at)),
            format!("DTEND:{}", utc(self.ends_at)),
            format!("STATUS:{}", if self.takes_place { "CONFIRMED" } else { "CANCELLED" }),
            format!("SUMMARY:{}", escaped(self.summary)),
            format!("LOCATION:{}", escaped(self.location)),
            format!("DESCRIPTION:{}", escaped(&format!("Booking number {}", self.reference))),
            "END:VEVENT".to_owned(),
            "END:VCALENDAR".to_owned(),
        ];
        lines.iter().map(|line| folded(line)).collect()
    }
}

/// `20261126T090000Z`
fn utc(at: Timestamp) -> String {
    at.whole_second().to_string().replace(['-', ':'], "")
}

/// Escapes a text (RFC 5545, 3.3.11).
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | ';' | ',' => {
                safe.push('\\');
                safe.push(character);
            }
            '\n' => safe.push_str("\\n"),
            character if character.is_control() => {}
            character => safe.push(character),
        }
    }
    safe
}

/// The line with its end, folded into lines of at most 75 bytes.
fn folded(line: &str) -> String {
    let (mut folded, mut bytes) = (String::with_capacity(line.len() + 2), 0);
    for character in line.chars() {
        if bytes + character.len_utf8() > LINE_BYTES_MAX {
            folded.push_str("\r\n ");
            bytes = 1;
        }
        folded.push(character);
        bytes += character.len_utf8();
    }
    folded.push_str("\r\n");
    folded
}

#[cfg(test)]
mod tests {
    use icalendar::{Calendar, CalendarComponent, Component, EventLike};

    use super::*;
    use crate::testing::{NINE, TEN_PAST, at};

    #[test]
    fn texts_are_escaped_and_long_lines_folded() {
        assert_eq!(escaped("a, b; c\\d\ne\r"), "a\\, b\\; c\\\\d\\ne");
        let long = folded(&format!("LOCATION:{}", "é".repeat(80)));
        assert!(long.ends_with("\r\n"));
        let lines: Vec<&str> = long.trim_end_matches("\r\n").split("\r\n").collect();
        assert!(lines.iter().all(|line| line.len() <= LINE_BYTES_MAX), "{lines:?}");
        assert!(lines[1..].iter().all(|line| line.starts_with(' ')));
        let unfolded = long.replace("\r\n ", "");
        assert_eq!(unfolded, format!("LOCATION:{}\r\n", "é".repeat(80)));
    }

    #[test]
    fn times_are_in_utc() {
        assert_eq!(utc("2026-11-26T09:00:00.5Z".parse().expect("an instant")), "20261126T090000Z");
    }

    /// The reader is a library of others, so that a mistake of the writer is not repeated by the reader.
    #[test]
    fn another_library_reads_the_file() {
        let location = format!("High Street; {}, \\ 1", "Ä very long näme, ".repeat(12));
        let entry = CalendarEntry {
            reference: "RR77-1XCQ-C8XY",
            version: 3,
            starts_at: at(NINE),
            ends_at: at(TEN_PAST),
            takes_place: true,
            summary: "GP appointment, face to face",
            location: &location,
        };
        let read = |entry: &CalendarEntry<'_>| -> Calendar { entry.file(at(NINE)).parse().expect("a calendar") };
        let calendar = read(&entry);
        let [CalendarComponent::Event(event)] = calendar.components.as_slice() else {
            panic!("one event: {calendar:?}")
        };
        assert_eq!(event.get_uid(), Some("RR77-1XCQ-C8XY@frontdoor"));
        assert_eq!(event.get_summary(), Some("GP appointment, face to face"));
        assert_eq!(event.property_value("DTSTART"), Some("20260309T090000Z"));
        assert_eq!(event.property_value("DTEND"), Some("20260309T091000Z"));
        assert_eq!(event.property_value("SEQUENCE"), Some("3"));
        assert_eq!(event.property_value("STATUS"), Some("CONFIRMED"));
        assert_eq!(event.get_location(), Some(location.as_str()));
        let cancelled = read(&CalendarEntry { takes_place: false, ..entry });
        let [CalendarComponent::Event(event)] = cancelled.components.as_slice() else { panic!("one event") };
        assert_eq!(event.property_value("STATUS"), Some("CANCELLED"));
    }
}
