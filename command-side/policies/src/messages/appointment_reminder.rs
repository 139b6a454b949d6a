//! A patient is reminded of an appointment three days ahead, if it was booked, or moved to its time, more than a day
//! before. The command decides again when it is due: about the booking, consent and contact details.

use domain::messages::{RemindOfAppointment, remind_of_appointment::reminder_due_at};
use event_core::{Policy, Reactions, Recorded, SubjectId, Timestamp};
use vocabulary::appointments::{BookedTime, DiaryEvent};

pub struct AppointmentReminders;

/// An appointment that is made closer to the reminder than this is not reminded of.
const DAYS_BEFORE_REMINDER: i64 = 1;

impl Policy for AppointmentReminders {
    const NAME: &'static str = "appointment-reminders";
    type Event = DiaryEvent;

    fn react(fact: &Recorded<DiaryEvent>) -> Reactions {
        // Old events have no time of their decision.
        let made_at = |decided_at: Option<Timestamp>| decided_at.unwrap_or(fact.recorded_at);
        match &fact.data {
            DiaryEvent::Booked(event) => remind(event.patient, &event.time, made_at(event.booked_at)),
            // A booking that was only made longer keeps its reminder, because it keeps its start.
            DiaryEvent::Rescheduled(event) => remind(event.patient, &event.to, made_at(event.rescheduled_at)),
            DiaryEvent::HoldPlaced(_)
            | DiaryEvent::Cancelled(_)
            | DiaryEvent::Amended(_)
            | DiaryEvent::CheckedIn(_)
            | DiaryEvent::Attended(_)
            | DiaryEvent::NotAttended(_)
            | DiaryEvent::Orphaned(_)
            | DiaryEvent::PractitionerChanged(_) => Reactions::none(),
        }
    }
}

fn remind(patient: SubjectId, time: &BookedTime, made_at: Timestamp) -> Reactions {
    let due_at = reminder_due_at(time.starts_at);
    if made_at.plus_days(DAYS_BEFORE_REMINDER) >= due_at {
        return Reactions::none();
    }
    let (session, starts_at) = (time.session.clone(), time.starts_at);
    Reactions::give_at(due_at, &RemindOfAppointment { patient, session, starts_at })
}

#[cfg(test)]
mod specs {
    use serde_json::json;
    use vocabulary::appointments::{AppointmentBooked, AppointmentRescheduled, CancellationReason};

    use super::*;
    use crate::spec::*;

    /// Three days before nine o'clock of the clinic's day, and one more day before that.
    const DUE: &str = "2026-03-06T09:00:00Z";
    const TOO_LATE: &str = "2026-03-05T09:00:00Z";
    const EARLY: &str = "2026-03-05T08:59:59Z";

    fn booked_at(when: &str) -> DiaryEvent {
        let DiaryEvent::Booked(event) = booked(time(clinic(), NINE, TEN_PAST)) else { panic!("a booking") };
        AppointmentBooked { booked_at: Some(at(when)), ..event }.into()
    }

    #[test]
    fn a_reminder_is_due_three_days_ahead_if_it_was_booked_more_than_a_day_before() {
        let given = reactions::<AppointmentReminders>(NINE, booked_at(EARLY));
        let [reminder] = &given[..] else { panic!("{given:?}") };
        assert_eq!((reminder.command, reminder.due_at), ("remind-of-appointment", Some(at(DUE))));
        assert_eq!(reminder.body, json!({"patient": alice(), "session": clinic(), "startsAt": NINE}));
        assert_eq!(reactions::<AppointmentReminders>(EARLY, booked_at(TOO_LATE)), []);
    }

    #[test]
    fn an_event_without_its_time_counts_from_its_recording() {
        let old = || booked(time(clinic(), NINE, TEN_PAST));
        assert_eq!(reactions::<AppointmentReminders>(EARLY, old()).len(), 1);
        assert_eq!(reactions::<AppointmentReminders>(TOO_LATE, old()), []);
    }

    #[test]
    fn a_moved_appointment_is_reminded_of_at_its_new_time() {
        let moved = |when: &str| AppointmentRescheduled {
            patient: alice(),
            from: time(clinic(), TEN_PAST, "2026-03-09T09:20:00Z"),
            to: time(clinic(), NINE, TEN_PAST),
            cause: CancellationReason::RescheduledByCitizen,
            reason: None,
            comment: None,
            version: 2,
            rescheduled_at: Some(at(when)),
        };
        let given = reactions::<AppointmentReminders>(NINE, moved(EARLY).into());
        assert_eq!(given.iter().map(|given| given.due_at).collect::<Vec<_>>(), [Some(at(DUE))]);
        assert_eq!(reactions::<AppointmentReminders>(NINE, moved(TOO_LATE).into()), []);
    }
}
