//! The slots that are added when a session is published or extended.

use event_core::{Key, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{Channel, Practitioner, ServiceType, SessionEvent, SessionExtended, SessionPublished, Timetable},
};

pub(super) struct AddedSlots<'a> {
    pub session: &'a SessionId,
    pub timetable: &'a Timetable,
    pub capacity: u16,
    pub service: &'a ServiceType,
    pub channel: Channel,
    pub practitioner: &'a Practitioner,
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
                ..
            })
            | SessionEvent::Extended(SessionExtended {
                session,
                added: timetable,
                capacity,
                service,
                channel,
                practitioner,
                ..
            }) => {
                Some(AddedSlots { session, timetable, capacity: *capacity, service, channel: *channel, practitioner })
            }
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
