//! The clinic sessions as they are now: a row each, until it is withdrawn.

use event_core::{Key, Keys, LocalDate, Projection, Recorded, Timestamp, time::LocalTime};
use serde::{Deserialize, Serialize};
use vocabulary::{
    PractitionerId, SessionId,
    appointments::{Channel, Practitioner, ServiceType, SessionEvent, Timetable},
};

pub struct ClinicSessions;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClinicSessionRow {
    pub session: SessionId,
    pub on: LocalDate,
    pub from: LocalTime,
    pub until: LocalTime,
    pub timetable: Timetable,
    pub capacity: u16,
    pub service: ServiceType,
    pub channel: Channel,
    pub practitioner: Practitioner,
    /// Absent if the session was published without the practitioner's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practitioner_id: Option<PractitionerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
}

impl ClinicSessions {
    /// The key of a session's only row.
    pub fn key(session: &SessionId) -> Key {
        Key::new(session, "session")
    }
}

impl Projection for ClinicSessions {
    const NAME: &'static str = "clinic_sessions";
    const VERSION: u32 = 1;
    type Row = ClinicSessionRow;
    type Event = SessionEvent;

    fn keys(fact: &Recorded<SessionEvent>) -> Keys {
        match &fact.data {
            SessionEvent::Published(event) => vec![Self::key(&event.session)],
            SessionEvent::Extended(event) => vec![Self::key(&event.session)],
            SessionEvent::Amended(event) => vec![Self::key(&event.session)],
            SessionEvent::Withdrawn(event) => vec![Self::key(&event.session)],
            SessionEvent::Held(_) | SessionEvent::Released(_) | SessionEvent::Taken(_) | SessionEvent::Freed(_) => {
                vec![]
            }
        }
    }

    fn evolve(_: &Key, row: Option<ClinicSessionRow>, fact: &Recorded<SessionEvent>) -> Option<ClinicSessionRow> {
        match &fact.data {
            SessionEvent::Published(event) => Some(ClinicSessionRow {
                session: event.session.clone(),
                on: event.on,
                from: event.from,
                until: event.until,
                timetable: event.timetable.clone(),
                capacity: event.capacity,
                service: event.service.clone(),
                channel: event.channel,
                practitioner: event.practitioner.clone(),
                practitioner_id: event.practitioner_id.clone(),
                released_at: event.released_at,
            }),
            SessionEvent::Extended(event) => row.map(|row| ClinicSessionRow {
                until: event.until,
                timetable: Timetable { ends_at: event.added.ends_at, ..row.timetable },
                ..row
            }),
            SessionEvent::Amended(event) => row.map(|row| ClinicSessionRow {
                from: event.from,
                until: event.until,
                timetable: event.timetable.clone(),
                capacity: event.capacity,
                channel: event.channel,
                practitioner: event.practitioner.clone(),
                ..row
            }),
            SessionEvent::Withdrawn(_) => None,
            SessionEvent::Held(_) | SessionEvent::Released(_) | SessionEvent::Taken(_) | SessionEvent::Freed(_) => row,
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{SessionAmended, SessionWithdrawn};

    use super::*;
    use crate::spec::{NINE, at, clinic, extended, fold, published};

    fn after(events: Vec<SessionEvent>) -> Option<ClinicSessionRow> {
        fold::<ClinicSessions>(events).remove(&ClinicSessions::key(&clinic()))
    }

    /// The trap: an end that only the first event of a session sets, so that the next change moves it back.
    #[test]
    fn a_session_is_as_its_last_change_left_it_until_it_is_withdrawn() {
        let SessionEvent::Published(first) = published(clinic(), 1) else { panic!("it is published") };
        let longer = after(vec![first.clone().into(), extended(clinic(), 1)]).expect("a row");
        assert_eq!(longer.timetable.starts_at, at(NINE));
        assert!(longer.timetable.ends_at > first.timetable.ends_at && longer.until > first.until);
        let amended = SessionAmended {
            session: clinic(),
            on: first.on,
            from: first.from,
            until: first.until,
            before: longer.timetable,
            timetable: first.timetable.clone(),
            capacity: 3,
            service: first.service.clone(),
            channel: Channel::Video,
            practitioner: first.practitioner.clone(),
            orphaned: vec![],
            taken_over: vec![],
            released_at: None,
        };
        let events = vec![first.clone().into(), extended(clinic(), 1), amended.into()];
        let row = after(events.clone()).expect("a row");
        assert_eq!((row.timetable, row.capacity, row.channel), (first.timetable.clone(), 3, Channel::Video));
        let withdrawn =
            SessionWithdrawn { session: clinic(), timetable: first.timetable, orphaned: vec![], freed: None };
        assert_eq!(after([events, vec![withdrawn.into()]].concat()), None);
    }
}
