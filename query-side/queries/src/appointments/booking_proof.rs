//! The proof of a booking: what a patient shows to an employer or a school.

use event_core::{AccessRule, Rejection, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::{
    SessionId,
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    appointments::Channel,
};

use super::{
    attendance::ShownAttendance,
    list_appointments::Status,
    see_appointment::{APPOINTMENT_NOT_FOUND, SeeAppointment},
};
use crate::practices::Site;
use query_engine::{Kind, Query, QueryContext, QueryError};

/// The proof of a booking: number, time and place, and whether the patient came. It names neither the service, nor the
/// practitioner, nor the reason, because it is shown to others.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeBookingProof {
    pub subject: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookingProof {
    /// The number by which the practice finds the booking.
    pub reference: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub channel: Channel,
    pub site: Site,
    pub status: Status,
    pub attendance: ShownAttendance,
    /// The time of this proof.
    pub issued_at: Timestamp,
}

impl Query for SeeBookingProof {
    const NAME: &'static str = "booking-proof";
    const PATH: &'static str = "/patients/{subject}/appointments/{session}/{startsAt}/proof";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Booking));
    const PERSONAL: bool = true;
    const REJECTIONS: &'static [&'static Rejection] = &[&APPOINTMENT_NOT_FOUND];
    type Answer = BookingProof;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<BookingProof, QueryError> {
        let SeeBookingProof { subject, session, starts_at } = self.clone();
        let appointment = SeeAppointment { subject, session, starts_at }.answer(context).await?;
        Ok(BookingProof {
            reference: appointment.reference,
            starts_at: appointment.starts_at,
            ends_at: appointment.ends_at,
            channel: appointment.channel,
            site: appointment.site,
            status: appointment.status,
            attendance: appointment.attendance,
            issued_at: context.now,
        })
    }
}
