//! A patient's appointments, upcoming and past, with all details that the app shows.

use std::ops::Bound;

use event_core::{AccessRule, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{AppointmentRow, AppointmentStatus, MyAppointments};
use vocabulary::{
    SessionId,
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    appointments::{Channel, Practitioner, ServiceType},
    booking_number,
    text::{Comment, Reason},
};

use super::attendance::ShownAttendance;
use crate::practices::{Site, Sites};
use query_engine::{Kind, Opener, Query, QueryContext, QueryError, context::Span, page::List};

/// The appointments of a patient: upcoming ones soonest first, past ones newest first. Cancelled ones are among them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListAppointments {
    pub subject: SubjectId,
    /// `upcoming` where it is absent.
    #[serde(default)]
    pub when: When,
}

/// Upcoming or past appointments, depending on their start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "AppointmentsWhen")]
pub enum When {
    #[default]
    Upcoming,
    Past,
}

/// An appointment.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Appointment {
    /// The number that patient and practice use for it.
    pub reference: String,
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub minutes: i64,
    pub channel: Channel,
    pub service: ServiceType,
    pub site: Site,
    pub practitioner: Practitioner,
    /// Absent, too, once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Absent, too, once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
    pub status: Status,
    pub attendance: ShownAttendance,
    /// The version that a command to amend it has to name.
    pub version: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "AppointmentStatus")]
pub enum Status {
    Booked,
    Cancelled,
    /// It no longer takes place, because its clinic session was changed or withdrawn.
    Orphaned,
}

impl Query for ListAppointments {
    const NAME: &'static str = "appointments";
    const PATH: &'static str = "/patients/{subject}/appointments";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Booking));
    const PERSONAL: bool = true;
    type Answer = List<Appointment>;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<Appointment>, QueryError> {
        let now = MyAppointments::from(context.now);
        let (from, until) = match self.when {
            When::Upcoming => (Bound::Included(now), Bound::Unbounded),
            When::Past => (Bound::Unbounded, Bound::Excluded(now)),
        };
        let span = Span {
            partition: MyAppointments::partition(self.subject),
            from,
            until,
            backwards: self.when == When::Past,
        };
        let rows = context.list::<MyAppointments>(span).await?;
        let personal = |row: &AppointmentRow| (row.reason.is_some() || row.comment.is_some()).then_some(self.subject);
        let opener = context.opener(rows.items.iter().find_map(personal)).await?;
        let mut sites = Sites::default();
        let mut items = Vec::with_capacity(rows.items.len());
        for row in rows.items {
            let site = sites.get(row.time.session.site(), context).await?;
            items.push(shown(self.subject, row, site, &opener)?);
        }
        Ok(List { items, next: rows.next })
    }
}

pub(super) fn shown(
    patient: SubjectId,
    row: AppointmentRow,
    site: Site,
    opener: &Opener<'_>,
) -> Result<Appointment, QueryError> {
    let time = row.time;
    Ok(Appointment {
        reference: booking_number::of(&time.session, time.starts_at, patient),
        starts_at: time.starts_at,
        ends_at: time.ends_at,
        minutes: time.ends_at.since(time.starts_at).as_mins(),
        channel: time.channel,
        service: time.service,
        site,
        practitioner: time.practitioner,
        reason: opener.open_some(patient, row.reason.as_ref())?,
        comment: opener.open_some(patient, row.comment.as_ref())?,
        status: match row.status {
            AppointmentStatus::Booked => Status::Booked,
            AppointmentStatus::Cancelled => Status::Cancelled,
            AppointmentStatus::Orphaned => Status::Orphaned,
        },
        attendance: row.attendance.into(),
        version: row.version,
        session: time.session,
    })
}
