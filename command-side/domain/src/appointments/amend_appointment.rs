use event_core::{OrganisationCode, Personal, SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    appointments::AppointmentAmended,
    text::{Comment, Reason},
};

use super::{
    diary::Diary,
    rejections::{ALREADY_CANCELLED, APPOINTMENT_ORPHANED, LIMIT_REACHED, NOT_YOUR_APPOINTMENT, STALE_VERSION},
};
use crate::prelude::*;

/// Amend what the practice reads about an appointment: its reason and its comment, nothing else.
///
/// A patient books, moves and amends at most 20 times a day, from midnight to midnight in London; with the practice's staff,
/// 40 times.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AmendAppointment {
    pub patient: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
    /// The version that the caller has seen.
    pub version: u32,
    /// The new reason. If it is left out, the appointment no longer has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The new comment. If it is left out, the appointment no longer has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
}

impl Command for AmendAppointment {
    const NAME: &'static str = "amend-appointment";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] =
        &[&NOT_YOUR_APPOINTMENT, &ALREADY_CANCELLED, &APPOINTMENT_ORPHANED, &STALE_VERSION, &LIMIT_REACHED];
    type Reads = Diary;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(self.patient)
    }

    fn decide(&self, diary: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let booking = diary.own(&self.session, self.starts_at)?;
        booking.has_to_stand()?;
        let reason: Option<Personal<Reason>> = self.reason.clone().map(Into::into);
        let comment: Option<Personal<Comment>> = self.comment.clone().map(Into::into);
        if booking.reason == reason && booking.comment == comment {
            return Ok(nothing_new());
        }
        if self.version != booking.version {
            return Err(STALE_VERSION.with("version", booking.version));
        }
        diary.may_change(&self.session, context)?;
        let amended = AppointmentAmended {
            patient: self.patient,
            time: booking.time.clone(),
            reason,
            comment,
            version: booking.version + 1,
            amended_at: Some(context.now),
        };
        Ok(record(amended))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{AppointmentBooked, AppointmentCancelled, CancellationReason, DiaryEvent};

    use super::*;
    use crate::{
        appointments::{
            BookAppointment, CancelAppointment, RescheduleAppointment,
            diary::{CHANGES_A_DAY_BY_STAFF_MAX, CHANGES_A_DAY_MAX, CHANGES_IN_A_SESSION_MAX},
        },
        spec::*,
    };

    fn amend(version: u32, reason: &str) -> AmendAppointment {
        AmendAppointment {
            patient: alice(),
            session: clinic(),
            starts_at: at(NINE),
            version,
            reason: Some(reason.parse().expect("valid")),
            comment: None,
        }
    }

    fn alice_at_nine() -> World {
        surgery().given(booked(alice(), time(clinic(), NINE, TEN_PAST)))
    }

    #[test]
    fn reason_and_comment_are_amended_and_the_version_grows() {
        let amended: DiaryEvent = AppointmentAmended {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            reason: Some("a sore knee".parse::<Reason>().expect("valid").into()),
            comment: None,
            version: 2,
            amended_at: Some(at(NOW)),
        }
        .into();
        let once = alice_at_nine().when(amend(1, "a sore knee")).records(&[&amended]);
        let same = once.when(amend(1, "a sore knee")).nothing_new();
        same.when(amend(2, "a sore elbow")).records_kinds(&["appointment.amended.v1"]);
    }

    #[test]
    fn an_appointment_is_amended_at_most_29_times_after_it_was_booked() {
        let amended = (1..CHANGES_IN_A_SESSION_MAX).fold(alice_at_nine(), |world, n| {
            // The changes are spread over three days because of the daily limit.
            let world = world.at(&format!("2026-03-0{}T08:00:00Z", 3 + n / 10));
            world.when(amend(n.into(), &format!("{n}"))).records_kinds(&["appointment.amended.v1"])
        });
        amended
            .at("2026-03-06T08:00:00Z")
            .when(amend(CHANGES_IN_A_SESSION_MAX.into(), "again"))
            .rejected(&LIMIT_REACHED);
    }

    #[test]
    fn a_patient_makes_20_changes_a_day_and_the_practice_40_and_cancelling_is_always_possible() {
        let of = |world: World, changes: std::ops::Range<u32>| {
            changes.fold(world, |world, n| {
                world.when(amend(n, &format!("{n}"))).records_kinds(&["appointment.amended.v1"])
            })
        };
        // Events that were recorded before the limit existed have no decision time and are not counted.
        let before = AppointmentBooked {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            reason: None,
            comment: None,
            version: 1,
            booked_at: None,
        };
        let used_up = of(surgery().given(before).given(taken(NINE, alice())), 1..21);
        let details = used_up.clone().when(amend(21, "again")).rejected_with(&LIMIT_REACHED);
        assert_eq!((&details["limit"], &details["of"]), (&CHANGES_A_DAY_MAX.into(), &"changes a day".into()));
        used_up.clone().when(amend(20, "20")).nothing_new();
        used_up.clone().when(move_to(TWENTY_PAST)).rejected(&LIMIT_REACHED);
        used_up.clone().when(book(TWENTY_PAST)).rejected(&LIMIT_REACHED);
        let tomorrow = used_up.clone().at("2026-03-03T00:00:00Z");
        tomorrow.when(amend(21, "again")).records_kinds(&["appointment.amended.v1"]);

        let practice = used_up.clone().by(as_staff());
        practice.when(move_to(TWENTY_PAST)).records_kinds(&[
            "appointment.slot-freed.v1",
            "appointment.slot-taken.v1",
            "appointment.rescheduled.v1",
        ]);
        // A session allows 29 changes after the booking; the other changes are in another session.
        let elsewhere = |n: u32| {
            let time = vocabulary::appointments::BookedTime {
                session: "A12345.000000000002".parse().expect("valid"),
                ..time(clinic(), "2026-03-10T09:00:00Z", "2026-03-10T09:10:00Z")
            };
            AppointmentBooked {
                patient: alice(),
                time,
                reason: None,
                comment: None,
                version: n,
                booked_at: Some(at(NOW)),
            }
        };
        let others = CHANGES_A_DAY_MAX..CHANGES_A_DAY_BY_STAFF_MAX;
        let full = others.fold(used_up, |world, n| world.given(elsewhere(n))).by(as_staff());
        let details = full.clone().when(amend(21, "again")).rejected_with(&LIMIT_REACHED);
        assert_eq!(details["limit"], CHANGES_A_DAY_BY_STAFF_MAX);
        let cancel = CancelAppointment {
            patient: alice(),
            session: clinic(),
            starts_at: at(NINE),
            reason: Some(CancellationReason::CancelledByCitizen),
            version: None,
        };
        full.by(as_patient(alice()))
            .when(cancel)
            .records_kinds(&["appointment.slot-freed.v1", "appointment.cancelled.v1"]);
    }

    fn move_to(slot: &str) -> RescheduleAppointment {
        RescheduleAppointment {
            patient: alice(),
            session: clinic(),
            starts_at: at(NINE),
            version: None,
            to_session: clinic(),
            to_starts_at: at(slot),
            to_more_slots: vec![],
        }
    }

    fn book(slot: &str) -> BookAppointment {
        BookAppointment {
            session: clinic(),
            starts_at: at(slot),
            more_slots: vec![],
            patient: alice(),
            reason: None,
            comment: None,
            confirms_hold: false,
        }
    }

    #[test]
    fn a_stale_version_is_refused() {
        let amended = alice_at_nine().when(amend(1, "a sore knee")).records_kinds(&["appointment.amended.v1"]);
        amended.when(amend(1, "a sore elbow")).rejected(&STALE_VERSION);
    }

    #[test]
    fn a_cancelled_or_another_patients_appointment_is_not_amended() {
        let cancelled = AppointmentCancelled {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            cause: CancellationReason::CancelledByCitizen,
            cancelled_at: at(NOW),
            version: 2,
        };
        alice_at_nine().given(cancelled).when(amend(2, "a sore knee")).rejected(&ALREADY_CANCELLED);
        let bobs = AmendAppointment { patient: bob(), ..amend(1, "a sore knee") };
        alice_at_nine().by(as_patient(bob())).when(bobs).rejected(&NOT_YOUR_APPOINTMENT);
    }
}
