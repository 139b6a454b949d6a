//! The slots of a session that is published, extended or amended.

use event_core::{Key, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{
        Channel, Practitioner, ServiceType, SessionAmended, SessionEvent, SessionExtended, SessionPublished, Timetable,
    },
};

pub(super) struct AddedSlots<'a> {
    pub session: &'a SessionId,
    pub timetable: &'a Timetable,
    pub capacity: u16,
    pub service: &'a ServiceType,
    pub channel: Channel,
    pub practitioner: &'a Practitioner,
    pub released_at: Option<Timestamp>,
    /// True where a slot keeps the bookings of the slot that started at the same time before.
    pub keeps_bookings: bool,
}

impl<'a> AddedSlots<'a> {
    /// `None` if the event adds no slots.
    pub fn of(event: &'a SessionEvent) -> Option<AddedSlots<'a>> {
        match event {
            SessionEvent::Published(SessionPublished {
                session,
                timetable,
                capacity,
                service,
                channel,
                practitioner,
                released_at,
                ..
            })
            | SessionEvent::Extended(SessionExtended {
                session,
                added: timetable,
                capacity,
                service,
                channel,
                practitioner,
                released_at,
                ..
            })
            | SessionEvent::Amended(SessionAmended {
                session,
                timetable,
                capacity,
                service,
                channel,
                practitioner,
                released_at,
                ..
            }) => Some(AddedSlots {
                session,
                timetable,
                capacity: *capacity,
                service,
                channel: *channel,
                practitioner,
                released_at: *released_at,
                keeps_bookings: matches!(event, SessionEvent::Amended(_)),
            }),
            SessionEvent::Withdrawn(_)
            | SessionEvent::Held(_)
            | SessionEvent::Released(_)
            | SessionEvent::Taken(_)
            | SessionEvent::Freed(_) => None,
        }
    }

    /// The slot that a key names, if it is one of these. Comparing the key with the key of each slot would cost a
    /// session of n slots n² comparisons.
    pub fn slot(&self, key: &Key) -> Option<Timestamp> {
        let starts_at = key.sort.strip_suffix(self.session.as_str())?.strip_suffix('.')?.parse().ok()?;
        self.timetable.has_slot(starts_at).then_some(starts_at)
    }

    pub fn ends_at(&self, starts_at: Timestamp) -> Timestamp {
        starts_at.plus_minutes(i64::from(self.timetable.slot_minutes))
    }
}
