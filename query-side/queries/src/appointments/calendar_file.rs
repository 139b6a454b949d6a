//! An appointment as a calendar file, for programs that offer it to their users.

use event_core::{AccessRule, Rejection, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::{
    SessionId,
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    appointments::Channel,
    calendar::CalendarEntry,
};

use super::{
    list_appointments::{Appointment, Status},
    see_appointment::{APPOINTMENT_NOT_FOUND, SeeAppointment},
};
use query_engine::{Kind, Query, QueryContext, QueryError};

/// An appointment as a calendar file (RFC 5545). It holds no reason, because calendars are often shared.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeCalendarFile {
    pub subject: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalendarFile {
    pub file_name: &'static str,
    pub content_type: &'static str,
    /// The text of the file.
    pub text: String,
}

impl CalendarFile {
    pub fn of(appointment: &Appointment, now: Timestamp) -> CalendarFile {
        let (summary, location) = (summary(appointment), location(appointment));
        let entry = CalendarEntry {
            reference: &appointment.reference,
            version: appointment.version,
            starts_at: appointment.starts_at,
            ends_at: appointment.ends_at,
            takes_place: appointment.status == Status::Booked,
            summary: &summary,
            location: &location,
        };
        let text = entry.file(now);
        CalendarFile { file_name: "appointment.ics", content_type: CalendarEntry::CONTENT_TYPE, text }
    }
}

/// `Appointment, gp-routine, face to face`
fn summary(appointment: &Appointment) -> String {
    let channel = match appointment.channel {
        Channel::InPerson => "face to face",
        Channel::Telephone => "by telephone",
        Channel::Video => "by video",
    };
    format!("Appointment, {}, {channel}", appointment.service)
}

fn location(appointment: &Appointment) -> String {
    let site = &appointment.site;
    let name = site.name.as_ref().map_or_else(|| site.code.to_string(), ToString::to_string);
    site.address.as_ref().map_or(name.clone(), |address| format!("{name}, {address}"))
}

impl Query for SeeCalendarFile {
    const NAME: &'static str = "calendar-file";
    const PATH: &'static str = "/patients/{subject}/appointments/{session}/{startsAt}/calendar-file";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Booking));
    const PERSONAL: bool = true;
    const REJECTIONS: &'static [&'static Rejection] = &[&APPOINTMENT_NOT_FOUND];
    type Answer = CalendarFile;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<CalendarFile, QueryError> {
        let SeeCalendarFile { subject, session, starts_at } = self.clone();
        let appointment = SeeAppointment { subject, session, starts_at }.answer(context).await?;
        Ok(CalendarFile::of(&appointment, context.now))
    }
}
