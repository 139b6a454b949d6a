//! A clinic session that was changed or withdrawn: each booking that no longer fits is orphaned, and each booking that
//! another practitioner takes over says so.

use domain::appointments::{FollowPractitioner, OrphanBooking};
use event_core::{Policy, Reactions, Recorded};
use vocabulary::{
    SessionId,
    appointments::{BookedPlace, SessionEvent},
};

pub struct OrphanedBookings;

impl Policy for OrphanedBookings {
    const NAME: &'static str = "orphaned-bookings";
    type Event = SessionEvent;

    fn react(fact: &Recorded<SessionEvent>) -> Reactions {
        match &fact.data {
            SessionEvent::Withdrawn(event) => orphaned(&event.session, &event.orphaned),
            SessionEvent::Amended(event) => {
                event.taken_over.iter().fold(orphaned(&event.session, &event.orphaned), |reactions, place| {
                    let (patient, session, starts_at) = (place.by, event.session.clone(), place.starts_at);
                    reactions.and(&FollowPractitioner { patient, session, starts_at })
                })
            }
            SessionEvent::Published(_)
            | SessionEvent::Extended(_)
            | SessionEvent::Held(_)
            | SessionEvent::Released(_)
            | SessionEvent::Taken(_)
            | SessionEvent::Freed(_) => Reactions::none(),
        }
    }
}

/// A command for each place. A booking of several slots is orphaned by the first of them; the others find nothing to do.
fn orphaned(session: &SessionId, places: &[BookedPlace]) -> Reactions {
    places.iter().fold(Reactions::none(), |reactions, place| {
        let (patient, session, starts_at) = (place.by, session.clone(), place.starts_at);
        reactions.and(&OrphanBooking { patient, session, starts_at })
    })
}

#[cfg(test)]
mod specs {
    use serde_json::json;
    use vocabulary::appointments::{SessionAmended, SessionWithdrawn};

    use super::*;
    use crate::spec::*;

    const NOW: &str = "2026-03-02T08:00:00Z";

    fn places() -> [BookedPlace; 2] {
        [(NINE, alice()), (TEN_PAST, bob())].map(|(start, by)| BookedPlace { starts_at: at(start), by })
    }

    fn given(event: impl Into<SessionEvent>) -> Vec<(&'static str, serde_json::Value)> {
        let reactions = reactions::<OrphanedBookings>(NOW, event.into());
        assert!(reactions.iter().all(|reaction| reaction.due_at.is_none()));
        reactions.into_iter().map(|reaction| (reaction.command, reaction.body)).collect()
    }

    #[test]
    fn each_booking_of_a_withdrawn_session_is_orphaned() {
        let SessionEvent::Published(session) = published(clinic(), 1) else { panic!("it is published") };
        let withdraw = |orphaned| SessionWithdrawn {
            session: clinic(),
            timetable: session.timetable.clone(),
            orphaned,
            freed: None,
        };
        let expected = [(NINE, alice()), (TEN_PAST, bob())].map(|(start, patient)| {
            ("orphan-booking", json!({"patient": patient, "session": clinic(), "startsAt": start}))
        });
        assert_eq!(given(withdraw(places().to_vec())), expected);
        assert_eq!(given(withdraw(vec![])), []);
        assert_eq!(given(session.clone()), []);
    }

    #[test]
    fn of_an_amended_session_some_bookings_are_orphaned_and_the_others_follow_the_practitioner() {
        let SessionEvent::Published(session) = published(clinic(), 1) else { panic!("it is published") };
        let [first, second] = places();
        let amended = SessionAmended {
            session: clinic(),
            on: session.on,
            from: session.from,
            until: session.until,
            before: session.timetable.clone(),
            timetable: session.timetable,
            capacity: 1,
            service: session.service,
            channel: session.channel,
            practitioner: session.practitioner,
            orphaned: vec![second],
            taken_over: vec![first],
            released_at: None,
        };
        let body = |place: BookedPlace| json!({"patient": place.by, "session": clinic(), "startsAt": place.starts_at});
        assert_eq!(given(amended), [("orphan-booking", body(second)), ("follow-practitioner", body(first))]);
    }
}
