//! One appointment of a patient, with all details that the list shows.

use event_core::{AccessRule, Class, Rejection, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use views::MyAppointments;
use vocabulary::{
    SessionId,
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
};

use super::list_appointments::{Appointment, shown};
use crate::practices::Sites;
use query_engine::{Kind, Query, QueryContext, QueryError};

pub const APPOINTMENT_NOT_FOUND: Rejection = Rejection {
    code: "appointment-not-found",
    class: Class::NotFound,
    title: "There is no appointment at this time.",
    advice: "It may have been moved: look at the person's appointments.",
};

/// One appointment of a patient, by its clinic session and its start. A cancelled one is found, too; one that was moved is
/// found at its new time only.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeAppointment {
    pub subject: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
}

impl Query for SeeAppointment {
    const NAME: &'static str = "appointment";
    const PATH: &'static str = "/patients/{subject}/appointments/{session}/{startsAt}";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Booking));
    const PERSONAL: bool = true;
    const REJECTIONS: &'static [&'static Rejection] = &[&APPOINTMENT_NOT_FOUND];
    type Answer = Appointment;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<Appointment, QueryError> {
        let key = MyAppointments::key(self.subject, &self.session, self.starts_at);
        let row = context.row::<MyAppointments>(&key).await?.ok_or(&APPOINTMENT_NOT_FOUND)?;
        let is_personal = row.reason.is_some() || row.comment.is_some();
        let opener = context.opener(is_personal.then_some(self.subject)).await?;
        let site = Sites::default().get(row.time.session.site(), context).await?;
        shown(self.subject, row, site, &opener)
    }
}
