use event_core::{SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    messages::{MessageId, MessageKind, SystemFacts, SystemMessageSent},
};

use super::message::{Message, notifications};
use crate::{appointments::Diary, contacts::Contact, prelude::*};

/// The number of days before its start at which a patient is reminded of an appointment.
pub const REMINDER_DAYS: i64 = 3;

/// The time at which the reminder of an appointment is due.
pub fn reminder_due_at(starts_at: Timestamp) -> Timestamp {
    starts_at.plus_days(-REMINDER_DAYS)
}

/// Remind a patient of an appointment, once and three days ahead, if it still stands and the patient agreed to reminders
/// and can be reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemindOfAppointment {
    pub patient: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
}

impl RemindOfAppointment {
    fn message(&self) -> MessageId {
        MessageId::reminder(&self.session, self.starts_at, self.patient)
    }
}

impl Command for RemindOfAppointment {
    const NAME: &'static str = "remind-of-appointment";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Reads = (Message, Diary, Contact);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(self.message()), Stream::of(self.patient), Stream::of(self.patient))
    }

    fn decide(&self, (message, diary, contact): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let now = context.now;
        let stands = diary.booking(&self.session, self.starts_at).is_some_and(|booking| booking.stands());
        let is_time = now >= reminder_due_at(self.starts_at) && now < self.starts_at;
        let wanted = contact.preferences.reminders && !contact.channels().is_empty();
        if *message != Message::Unsent || !stands || !is_time || !wanted {
            return Ok(nothing_new());
        }
        let (message, subject, session) = (self.message(), self.patient, self.session.clone());
        let notified = notifications(&message, subject, MessageKind::AppointmentReminder, contact, now);
        let facts = SystemFacts::AppointmentReminder { session, starts_at: self.starts_at };
        let sent = SystemMessageSent { message: message.clone(), subject, facts, sent_at: now };
        Ok(record(sent).and_all(notified))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{AppointmentCancelled, AppointmentRescheduled, CancellationReason};

    use super::*;
    use crate::spec::*;

    /// Three days before nine o'clock of the clinic's day.
    const DUE: &str = "2026-03-06T09:00:00Z";
    const REMINDED: [&str; 2] = ["message.system-sent.v1", "message.notification-requested.v1"];

    fn remind() -> RemindOfAppointment {
        RemindOfAppointment { patient: alice(), session: clinic(), starts_at: at(NINE) }
    }

    fn booked_at_nine() -> World {
        policy().given(booked(alice(), time(clinic(), NINE, TEN_PAST))).at(DUE)
    }

    fn reachable(world: World) -> World {
        world.given(contact_details()).given(consent(&["sms", "reminders"]))
    }

    #[test]
    fn a_patient_is_reminded_once_three_days_ahead() {
        let reminded = reachable(booked_at_nine()).when(remind()).records_kinds(&REMINDED);
        reminded.at("2026-03-07T09:00:00Z").when(remind()).nothing_new();
        reachable(booked_at_nine()).at("2026-03-06T08:59:59Z").when(remind()).nothing_new();
        reachable(booked_at_nine()).at(NINE).when(remind()).nothing_new();
    }

    #[test]
    fn nobody_is_reminded_of_an_appointment_that_was_cancelled_or_moved() {
        let nine = time(clinic(), NINE, TEN_PAST);
        let cancelled = AppointmentCancelled {
            patient: alice(),
            time: nine.clone(),
            cause: CancellationReason::CancelledByCitizen,
            cancelled_at: at(NOW),
            version: 2,
        };
        reachable(booked_at_nine()).given(cancelled).when(remind()).nothing_new();
        let moved = AppointmentRescheduled {
            patient: alice(),
            from: nine,
            to: time(clinic(), TEN_PAST, TWENTY_PAST),
            cause: CancellationReason::RescheduledByCitizen,
            reason: None,
            comment: None,
            version: 2,
            rescheduled_at: Some(at(NOW)),
        };
        let moved = reachable(booked_at_nine()).given(moved).when(remind()).nothing_new();
        let at_ten_past = RemindOfAppointment { starts_at: at(TEN_PAST), ..remind() };
        moved.at("2026-03-06T09:10:00Z").when(at_ten_past).records_kinds(&REMINDED);
        reachable(policy()).at(DUE).when(remind()).nothing_new();
    }

    #[test]
    fn a_reminder_needs_consent_and_contact_details() {
        booked_at_nine().when(remind()).nothing_new();
        booked_at_nine().given(consent(&["sms", "reminders"])).when(remind()).nothing_new();
        booked_at_nine().given(contact_details()).given(consent(&["reminders"])).when(remind()).nothing_new();
        booked_at_nine().given(contact_details()).given(consent(&["sms"])).when(remind()).nothing_new();
        booked_at_nine().given(consent(&["push", "reminders"])).when(remind()).records_kinds(&REMINDED);
    }

    #[test]
    fn a_booking_that_was_cancelled_and_made_again_has_one_reminder() {
        let reminded = reachable(booked_at_nine()).when(remind()).records_kinds(&REMINDED);
        let again = reminded.given(booked(alice(), time(clinic(), NINE, TEN_PAST)));
        again.when(remind()).nothing_new();
    }
}
