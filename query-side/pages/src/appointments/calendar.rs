//! An appointment as a calendar file (RFC 5545). It holds no reason, because calendars are often shared.

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use event_core::Timestamp;
use page_engine::{PageError, Pages, Visitor};
use queries::appointments::{Appointment, Status};

use super::see::AppointmentPath;
use crate::{
    appointment_card::{place, what},
    concerned::Concerned,
};

/// A content line has at most this number of bytes; longer ones continue on the next line (RFC 5545, 3.1).
const LINE_BYTES_MAX: usize = 75;

/// # Errors
/// If there is no such appointment, or the visitor may not see it.
pub async fn file(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<AppointmentPath>,
) -> Result<Response, PageError> {
    let found = pages.ask(&visitor, &path.query(&concerned)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"appointment.ics\""),
    ];
    Ok((headers, calendar(&found.answer, pages.now())).into_response())
}

fn calendar(appointment: &Appointment, now: Timestamp) -> String {
    let status = if appointment.status == Status::Cancelled { "CANCELLED" } else { "CONFIRMED" };
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Frontdoor//Appointments//EN".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@frontdoor", appointment.reference),
        format!("SEQUENCE:{}", appointment.version),
        format!("DTSTAMP:{}", utc(now)),
        format!("DTSTART:{}", utc(appointment.starts_at)),
        format!("DTEND:{}", utc(appointment.ends_at)),
        format!("STATUS:{status}"),
        format!("SUMMARY:{}", escaped(&what(appointment))),
        format!("LOCATION:{}", escaped(&place(&appointment.site))),
        format!("DESCRIPTION:{}", escaped(&format!("Booking number {}", appointment.reference))),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    lines.iter().map(|line| folded(line)).collect()
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
    use super::*;

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
}
