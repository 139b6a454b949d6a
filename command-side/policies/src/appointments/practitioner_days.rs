//! A practitioner's day: the time of a clinic session that was withdrawn can be planned again.

use domain::appointments::FreePractitioner;
use event_core::{Policy, Reactions, Recorded};
use vocabulary::appointments::SessionEvent;

pub struct PractitionerDays;

impl Policy for PractitionerDays {
    const NAME: &'static str = "practitioner-days";
    type Event = SessionEvent;

    fn react(fact: &Recorded<SessionEvent>) -> Reactions {
        match &fact.data {
            SessionEvent::Withdrawn(event) => event.freed.as_ref().map_or_else(Reactions::none, |day| {
                let (practitioner, on, session) = (day.practitioner.clone(), day.on, event.session.clone());
                Reactions::give(&FreePractitioner { practitioner, on, session })
            }),
            SessionEvent::Published(_)
            | SessionEvent::Extended(_)
            | SessionEvent::Amended(_)
            | SessionEvent::Held(_)
            | SessionEvent::Released(_)
            | SessionEvent::Taken(_)
            | SessionEvent::Freed(_) => Reactions::none(),
        }
    }
}

#[cfg(test)]
mod specs {
    use serde_json::json;
    use vocabulary::appointments::{PractitionersDay, SessionWithdrawn};

    use super::*;
    use crate::spec::*;

    #[test]
    fn the_time_of_a_withdrawn_session_is_freed_if_its_practitioner_is_known() {
        let SessionEvent::Published(session) = published(clinic(), 1) else { panic!("it is published") };
        let withdrawn = |freed| {
            let (timetable, orphaned) = (session.timetable.clone(), vec![]);
            SessionEvent::from(SessionWithdrawn { session: clinic(), timetable, orphaned, freed })
        };
        let day = PractitionersDay { practitioner: "G1234567".parse().expect("a code"), on: session.on };
        let given = reactions::<PractitionerDays>(NINE, withdrawn(Some(day)));
        let body = json!({"practitioner": "G1234567", "on": "2026-03-09", "session": clinic()});
        assert_eq!(
            given.iter().map(|one| (one.command, &one.body)).collect::<Vec<_>>(),
            [("free-practitioner", &body)]
        );
        assert_eq!(reactions::<PractitionerDays>(NINE, withdrawn(None)), []);
    }
}
