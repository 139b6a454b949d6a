//! A patient gets a message when an appointment was booked, moved, cancelled or orphaned. One policy does all of them, so that the
//! messages about one appointment are in the order of what happened.

use domain::messages::SendSystemMessage;
use event_core::{Policy, Reactions, Recorded};
use vocabulary::{
    appointments::DiaryEvent,
    messages::{MessageId, SystemFacts},
};

pub struct AppointmentNews;

impl Policy for AppointmentNews {
    const NAME: &'static str = "appointment-news";
    type Event = DiaryEvent;

    fn react(fact: &Recorded<DiaryEvent>) -> Reactions {
        let (patient, facts, session) = match &fact.data {
            DiaryEvent::Booked(event) => {
                let (session, starts_at) = (event.time.session.clone(), event.time.starts_at);
                (event.patient, SystemFacts::AppointmentBooked { session, starts_at }, &event.time.session)
            }
            DiaryEvent::Rescheduled(event) => {
                let facts = SystemFacts::AppointmentMoved {
                    session: event.from.session.clone(),
                    starts_at: event.from.starts_at,
                    to_session: event.to.session.clone(),
                    to_starts_at: event.to.starts_at,
                };
                (event.patient, facts, &event.to.session)
            }
            DiaryEvent::Cancelled(event) => {
                let (session, starts_at) = (event.time.session.clone(), event.time.starts_at);
                (event.patient, SystemFacts::AppointmentCancelled { session, starts_at }, &event.time.session)
            }
            DiaryEvent::Orphaned(event) => {
                let (session, starts_at) = (event.time.session.clone(), event.time.starts_at);
                (event.patient, SystemFacts::AppointmentOrphaned { session, starts_at }, &event.time.session)
            }
            DiaryEvent::HoldPlaced(_)
            | DiaryEvent::Amended(_)
            | DiaryEvent::CheckedIn(_)
            | DiaryEvent::Attended(_)
            | DiaryEvent::NotAttended(_)
            | DiaryEvent::PractitionerChanged(_) => return Reactions::none(),
        };
        let message = MessageId::of_event(&session.site(), fact.id.as_u128());
        Reactions::give(&SendSystemMessage { message, patient, facts })
    }
}

#[cfg(test)]
mod specs {
    use serde_json::json;
    use vocabulary::appointments::{
        AppointmentCancelled, AppointmentOrphaned, AppointmentRescheduled, CancellationReason, HoldPlaced,
    };

    use super::*;
    use crate::spec::*;

    /// The message of the event with the id 1.
    const MESSAGE: &str = "A12345.00000000000000000000000001";

    fn assert_sends(event: DiaryEvent, facts: serde_json::Value) {
        let given = reactions::<AppointmentNews>(NINE, event);
        let [sent] = &given[..] else { panic!("{given:?}") };
        assert_eq!((sent.command, sent.due_at), ("send-system-message", None));
        assert_eq!(sent.body, json!({"message": MESSAGE, "patient": alice(), "facts": facts}));
    }

    #[test]
    fn a_booking_a_move_and_a_cancellation_are_each_a_message() {
        let nine = || time(clinic(), NINE, TEN_PAST);
        let ten_past = time("B54321.000000000002".parse().expect("a session"), TEN_PAST, "2026-03-09T09:20:00Z");
        assert_sends(booked(nine()), json!({"kind": "appointment-booked", "session": clinic(), "startsAt": NINE}));
        let cancelled = AppointmentCancelled {
            patient: alice(),
            time: nine(),
            cause: CancellationReason::CancelledBySite,
            cancelled_at: at(NINE),
            version: 2,
        };
        assert_sends(cancelled.into(), json!({"kind": "appointment-cancelled", "session": clinic(), "startsAt": NINE}));
        let moved = AppointmentRescheduled {
            patient: alice(),
            from: ten_past,
            to: nine(),
            cause: CancellationReason::RescheduledByCitizen,
            reason: None,
            comment: None,
            version: 2,
            rescheduled_at: None,
        };
        assert_sends(
            moved.into(),
            json!({"kind": "appointment-moved", "session": "B54321.000000000002", "startsAt": TEN_PAST,
                "toSession": clinic(), "toStartsAt": NINE}),
        );
    }

    #[test]
    fn an_orphaned_booking_is_a_message() {
        let orphaned = AppointmentOrphaned {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            orphaned_at: at(NINE),
            version: 2,
        };
        assert_sends(orphaned.into(), json!({"kind": "appointment-orphaned", "session": clinic(), "startsAt": NINE}));
    }

    #[test]
    fn a_hold_is_not_news() {
        let on = "2026-03-02".parse().expect("a date");
        let held = HoldPlaced { patient: alice(), session: clinic(), starts_at: at(NINE), on };
        assert_eq!(reactions::<AppointmentNews>(NINE, held.into()), []);
    }
}
