//! One clinic session as it is now.

use event_core::{AccessRule, Class, LocalDate, OrganisationCode, Rejection, Timestamp, time::LocalTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{ClinicSessionRow, ClinicSessions};
use vocabulary::{
    PractitionerId, SessionId,
    access::{Permission, staff},
    appointments::{Channel, Practitioner, ServiceType, Timetable},
};

use query_engine::{Kind, Query, QueryContext, QueryError};

/// Commands reject a session that was withdrawn with the same code.
pub const CLINIC_SESSION_NOT_FOUND: Rejection = Rejection {
    code: "session-not-found",
    class: Class::NotFound,
    title: "There is no such clinic session.",
    advice: "It may have been withdrawn. Search again.",
};

/// A clinic session as it is now: its times, its slots and its practitioner.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeClinicSession {
    pub session: SessionId,
}

/// A clinic session.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClinicSession {
    pub session: SessionId,
    /// The day, in London.
    pub on: LocalDate,
    /// The start, in London time.
    pub from: LocalTime,
    pub until: LocalTime,
    /// The division into slots.
    pub timetable: Timetable,
    /// How many patients can have the same slot.
    pub capacity: u16,
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
    /// The practitioner's code, which a command that changes the session names. Absent if it was published without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub practitioner_id: Option<PractitionerId>,
    /// Before this instant, patients neither see nor book its slots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
}

impl From<ClinicSessionRow> for ClinicSession {
    fn from(row: ClinicSessionRow) -> ClinicSession {
        ClinicSession {
            session: row.session,
            on: row.on,
            from: row.from,
            until: row.until,
            timetable: row.timetable,
            capacity: row.capacity,
            service: row.service,
            channel: row.channel,
            practitioner: row.practitioner,
            practitioner_id: row.practitioner_id,
            released_at: row.released_at,
        }
    }
}

impl Query for SeeClinicSession {
    const NAME: &'static str = "clinic-session";
    const PATH: &'static str = "/sessions/{session}";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &staff(Permission::Booking);
    const PERSONAL: bool = false;
    const REJECTIONS: &'static [&'static Rejection] = &[&CLINIC_SESSION_NOT_FOUND];
    type Answer = ClinicSession;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<ClinicSession, QueryError> {
        let row = context.row::<ClinicSessions>(&ClinicSessions::key(&self.session)).await?;
        Ok(row.ok_or(&CLINIC_SESSION_NOT_FOUND)?.into())
    }
}
