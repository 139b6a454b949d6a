//! Appointments: clinic sessions and their slots (stream `session-<code>.<id>`), the bookings of one patient (stream
//! `diary-<subject>`), waiting lists (`appointments/waiting.rs`), and the number of sessions that a site publishes on one day (stream `publishing-<code>.<day>`).

mod attendance;
mod practitioner_days;
mod session_changes;
mod session_cut;
mod waiting;

pub use attendance::{
    AppointmentAttended, AppointmentNotAttended, PatientCheckedIn, is_open_for_check_in, is_open_for_marks,
};
pub use practitioner_days::{PractitionerEvent, PractitionerFreed, PractitionerPlanned};
pub use session_changes::{
    AppointmentOrphaned, AppointmentPractitionerChanged, BookedPlace, PractitionersDay, SessionAmended,
    SessionWithdrawn,
};
pub use session_cut::SessionCut;
pub use waiting::{
    OfferAccepted, OfferLapsed, OfferedSlot, SlotOffered, SlotPassed, WaitingEvent, WaitingJoined, WaitingLeft,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{PractitionerId, SessionId},
    text::{Comment, Reason},
};
use event_core::{
    LocalDate, OrganisationCode, Personal, Service, SubjectId, Timestamp, events, text::Line, time::LocalTime,
};

pub static SERVICE: Service = Service {
    name: "appointments",
    categories: &[
        SessionEvent::ABOUT,
        DiaryEvent::ABOUT,
        PublishingEvent::ABOUT,
        WaitingEvent::ABOUT,
        PractitionerEvent::ABOUT,
    ],
};

events! {
    /// The events of a clinic session and its slots.
    SessionEvent of SERVICE as "appointment" on "session" by (session) {
        Published(SessionPublished) = "appointment.session-published.v1",
        Extended(SessionExtended) = "appointment.session-extended.v1",
        Withdrawn(SessionWithdrawn) = "appointment.session-withdrawn.v1",
        Amended(SessionAmended) = "appointment.session-amended.v1",
        Held(SlotHeld) = "appointment.slot-held.v1",
        Released(HoldReleased) = "appointment.hold-released.v1",
        Taken(SlotTaken) = "appointment.slot-taken.v1",
        Freed(SlotFreed) = "appointment.slot-freed.v1",
    }
}

events! {
    /// The events of one patient's appointments.
    DiaryEvent of SERVICE as "appointment" on "diary" by (patient) {
        HoldPlaced(HoldPlaced) = "appointment.hold-placed.v1",
        Booked(AppointmentBooked) = "appointment.booked.v1",
        Rescheduled(AppointmentRescheduled) = "appointment.rescheduled.v1",
        Cancelled(AppointmentCancelled) = "appointment.cancelled.v1",
        Amended(AppointmentAmended) = "appointment.amended.v1",
        CheckedIn(PatientCheckedIn) = "appointment.checked-in.v1",
        Attended(AppointmentAttended) = "appointment.attended.v1",
        NotAttended(AppointmentNotAttended) = "appointment.did-not-attend.v1",
        Orphaned(AppointmentOrphaned) = "appointment.orphaned.v1",
        PractitionerChanged(AppointmentPractitionerChanged) = "appointment.practitioner-changed.v1",
    }
}

events! {
    /// The sessions that one site publishes on one day. The kinds have a prefix of their own because a read model
    /// follows all kinds of a prefix. The previous release would stop at an unknown kind with the prefix `appointment`,
    /// but it skips kinds with a prefix that it does not follow.
    PublishingEvent of SERVICE as "publishing" on "publishing" by (site, on) {
        Counted(SessionCounted) = "publishing.session-counted.v1",
    }
}

/// The division of a session's time into slots: as many whole slots as fit between its start and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timetable {
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub slot_minutes: u16,
}

impl Timetable {
    /// The starts of all slots, in order. Slots are cut in elapsed time, so a clock change between two slots has no
    /// effect.
    pub fn slots(&self) -> impl Iterator<Item = Timestamp> + use<> {
        let minutes = i64::from(self.slot_minutes.max(1));
        let (from, until) = (self.starts_at, self.ends_at);
        (0..).map(move |n| from.plus_minutes(n * minutes)).take_while(move |start| start.plus_minutes(minutes) <= until)
    }

    pub fn has_slot(&self, starts_at: Timestamp) -> bool {
        let after_start = starts_at.micros() - self.starts_at.micros();
        after_start >= 0
            && after_start % (i64::from(self.slot_minutes.max(1)) * 60_000_000) == 0
            && starts_at.plus_minutes(i64::from(self.slot_minutes)) <= self.ends_at
    }
}

/// The way in which patient and clinician meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    InPerson,
    Telephone,
    Video,
}

/// A clinician as patients see them. Not personal data in the sense of `Personal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Practitioner {
    pub name: Line,
    pub role: Line,
}

/// A clinic session was published: its slots can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionPublished {
    pub session: SessionId,
    /// The civil time of the session as it was requested, and its zone (IANA name).
    pub on: LocalDate,
    pub from: LocalTime,
    pub until: LocalTime,
    pub zone: Box<str>,
    pub timetable: Timetable,
    /// The number of patients that can have the same slot.
    pub capacity: u16,
    /// The purpose of the session: lower-case words joined by hyphens, like `gp-routine`.
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
    /// Identifies the practitioner. Sessions with the same code do not overlap. Absent if the publisher did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practitioner_id: Option<PractitionerId>,
    /// Before this instant, patients neither see nor book its slots. Absent if they could from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
}

/// The type of service of a session: `[a-z0-9-]{1,50}`, like `gp-routine` or `vaccination-covid-19`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceType(Box<str>);

event_core::text_id!(ServiceType, "ServiceType", "^[a-z0-9-]{1,50}$");

impl std::fmt::Display for ServiceType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for ServiceType {
    type Err = event_core::Malformed;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=50).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(ServiceType(text.into()))
        } else {
            Err(event_core::Malformed("a service is 1 to 50 characters of a-z, 0-9 and '-', like gp-routine".into()))
        }
    }
}

/// A clinic session was extended: it ends later, and has more slots that can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionExtended {
    pub session: SessionId,
    /// The civil time at which the session now ends, in the zone in which it was published.
    pub until: LocalTime,
    /// The slots that were added. They begin where the last of the earlier slots ends.
    pub added: Timetable,
    /// As published, like all fields below.
    pub capacity: u16,
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
}

/// A slot is held for a patient and not booked yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotHeld {
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub by: SubjectId,
    /// From this instant on the hold takes no place. No further event is recorded.
    pub expires_at: Timestamp,
}

/// A patient gave up a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldReleased {
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub by: SubjectId,
}

/// A place of a slot was booked. This ends a hold of the same patient on the slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotTaken {
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub by: SubjectId,
}

/// A booked place of a slot became free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotFreed {
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub by: SubjectId,
}

/// A patient placed a hold. This counts towards the daily limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldPlaced {
    pub patient: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub on: LocalDate,
}

/// One or several adjacent slots of one session, and the details that a patient sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookedTime {
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub slot_minutes: u16,
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
}

impl BookedTime {
    /// The starts of the slots of this booking.
    pub fn slots(&self) -> impl Iterator<Item = Timestamp> + use<> {
        Timetable { starts_at: self.starts_at, ends_at: self.ends_at, slot_minutes: self.slot_minutes }.slots()
    }

    pub fn overlaps(&self, other: &BookedTime) -> bool {
        self.starts_at < other.ends_at && other.starts_at < self.ends_at
    }
}

/// A patient booked an appointment.
///
/// A booking is identified by its patient, its session and its (first) start. `version` counts its changes from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppointmentBooked {
    pub patient: SubjectId,
    pub time: BookedTime,
    pub reason: Option<Personal<Reason>>,
    pub comment: Option<Personal<Comment>>,
    pub version: u32,
    /// Absent if it was booked before the daily limit of changes existed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booked_at: Option<Timestamp>,
}

/// An appointment was moved to another time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppointmentRescheduled {
    pub patient: SubjectId,
    pub from: BookedTime,
    pub to: BookedTime,
    /// The reason for giving up the old time.
    pub cause: CancellationReason,
    pub reason: Option<Personal<Reason>>,
    pub comment: Option<Personal<Comment>>,
    pub version: u32,
    /// Absent if it was moved before the daily limit of changes existed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rescheduled_at: Option<Timestamp>,
}

/// An appointment was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppointmentCancelled {
    pub patient: SubjectId,
    pub time: BookedTime,
    pub cause: CancellationReason,
    pub cancelled_at: Timestamp,
    pub version: u32,
}

/// The patient's reason or comment for an appointment was changed. Its time is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppointmentAmended {
    pub patient: SubjectId,
    pub time: BookedTime,
    pub reason: Option<Personal<Reason>>,
    pub comment: Option<Personal<Comment>>,
    pub version: u32,
    /// Absent if it was amended before the daily limit of changes existed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amended_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CancellationReason {
    CancelledByCitizen,
    CancelledBySite,
    CancelledByService,
    RescheduledByCitizen,
}

/// A site published a session. This counts towards its daily limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionCounted {
    pub site: OrganisationCode,
    /// The day on which the session was published, in London. It is not the day on which the session takes place.
    pub on: LocalDate,
    pub session: SessionId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(from: &str, until: &str, slot_minutes: u16) -> Timetable {
        Timetable { starts_at: from.parse().expect("valid"), ends_at: until.parse().expect("valid"), slot_minutes }
    }

    /// The released form has no booking time and is re-encoded without one (`tests/released.rs`).
    #[test]
    fn a_booking_says_when_it_was_decided_where_it_is_known() {
        let released = include_bytes!("../released/appointment.booked.v1.json");
        let mut booked: AppointmentBooked = serde_json::from_slice(released).expect("the released form");
        assert_eq!(booked.booked_at, None);
        booked.booked_at = Some("2026-07-01T08:00:00Z".parse().expect("valid"));
        let stored = serde_json::to_value(&booked).expect("carried closed");
        assert_eq!(stored["bookedAt"], "2026-07-01T08:00:00Z");
        assert_eq!(serde_json::from_value::<AppointmentBooked>(stored).expect("read again"), booked);
    }

    #[test]
    fn only_whole_slots_fit() {
        let morning = table("2026-07-01T08:00:00Z", "2026-07-01T08:35:00Z", 10);
        let starts: Vec<String> = morning.slots().map(|start| start.to_string()).collect();
        assert_eq!(starts, ["2026-07-01T08:00:00Z", "2026-07-01T08:10:00Z", "2026-07-01T08:20:00Z"]);
        assert!(morning.slots().all(|start| morning.has_slot(start)));
        for no_slot in ["2026-07-01T07:50:00Z", "2026-07-01T08:05:00Z", "2026-07-01T08:30:00Z"] {
            assert!(!morning.has_slot(no_slot.parse().expect("valid")), "{no_slot}");
        }
    }
}
