//! An appointment as a calendar file.

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use page_engine::{PageError, Pages, Visitor};
use queries::appointments::Status;
use vocabulary::calendar::CalendarEntry;

use super::see::AppointmentPath;
use crate::{
    appointment_card::{place, what},
    concerned::Concerned,
};

/// # Errors
/// If there is no such appointment, or the visitor may not see it.
pub async fn file(
    State(pages): State<Pages>,
    visitor: Visitor,
    concerned: Concerned,
    Path(path): Path<AppointmentPath>,
) -> Result<Response, PageError> {
    let appointment = pages.ask(&visitor, &path.query(&concerned)).await?.answer;
    let headers = [
        (header::CONTENT_TYPE, CalendarEntry::CONTENT_TYPE),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"appointment.ics\""),
    ];
    let entry = CalendarEntry {
        reference: &appointment.reference,
        version: appointment.version,
        starts_at: appointment.starts_at,
        ends_at: appointment.ends_at,
        takes_place: appointment.status == Status::Booked,
        summary: &what(&appointment),
        location: &place(&appointment.site),
    };
    Ok((headers, entry.file(pages.now())).into_response())
}
