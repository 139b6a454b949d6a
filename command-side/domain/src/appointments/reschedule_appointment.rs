use event_core::{OrganisationCode, SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{AppointmentRescheduled, CancellationReason, SlotFreed, SlotTaken},
    practices::PRACTICE_NOT_FOUND,
    registrations::Registration,
};

use super::{
    book_appointment::SLOTS_MAX,
    diary::{BookedSlot, Diary},
    rejections::{
        ALREADY_CANCELLED, ALREADY_MOVED, APPOINTMENT_ORPHANED, BOOK_BY_PROGRAMME, CUT_OFF_PASSED, EMBARGOED,
        IN_THE_PAST, LIMIT_REACHED, NOT_YOUR_APPOINTMENT, OUTSIDE_BOOKING_WINDOW, OVERLAPPING_BOOKING,
        SESSION_NOT_FOUND, SLOT_NOT_FOUND, SLOT_TAKEN, SLOTS_NOT_ADJACENT, STALE_VERSION,
    },
    session::Session,
    vaccination_slots::has_no_programme,
};
use crate::{
    practices::Practice,
    prelude::*,
    registrations::{has_to_be_at, rejections::NOT_REGISTERED_HERE},
};

/// Move an appointment to another time: the old slot is freed if and only if the new one is booked.
///
/// A patient books, moves and amends at most 20 times a day, from midnight to midnight in London; with the practice's staff,
/// 40 times.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RescheduleAppointment {
    pub patient: SubjectId,
    /// The current session of the appointment.
    pub session: SessionId,
    /// The current start of the appointment.
    pub starts_at: Timestamp,
    /// The version that the caller has seen. If it is left out, every version is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The session to move to; it may be the same.
    pub to_session: SessionId,
    /// The start of the (first) slot to move to.
    pub to_starts_at: Timestamp,
    /// The starts of further slots there, each at the end of the slot before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = SLOTS_MAX - 1), extend("default" = serde_json::json!([])))]
    pub to_more_slots: Vec<Timestamp>,
}

impl Command for RescheduleAppointment {
    const NAME: &'static str = "reschedule-appointment";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &NOT_YOUR_APPOINTMENT,
        &ALREADY_CANCELLED,
        &APPOINTMENT_ORPHANED,
        &ALREADY_MOVED,
        &STALE_VERSION,
        &CUT_OFF_PASSED,
        &SESSION_NOT_FOUND,
        &SLOT_NOT_FOUND,
        &SLOTS_NOT_ADJACENT,
        &PRACTICE_NOT_FOUND,
        &NOT_REGISTERED_HERE,
        &BOOK_BY_PROGRAMME,
        &IN_THE_PAST,
        &OUTSIDE_BOOKING_WINDOW,
        &EMBARGOED,
        &SLOT_TAKEN,
        &OVERLAPPING_BOOKING,
        &LIMIT_REACHED,
    ];
    type Reads = (Session, Session, Diary, Practice, Practice, Registration);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (
            Stream::of(&self.session),
            Stream::of(&self.to_session),
            Stream::of(self.patient),
            Stream::of(self.session.site()),
            Stream::of(self.to_session.site()),
            Stream::of(self.patient),
        )
    }

    fn decide(
        &self,
        (_, there, diary, practice, practice_there, registration): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let now = context.now;
        if let Some(moved) = self.already_moved(diary) {
            return self.as_moved(moved);
        }
        let booking = diary.own(&self.session, self.starts_at)?;
        booking.can_be_given_up(self.version, practice.settings()?, &context.caller, now)?;
        has_to_be_at(registration, &self.to_session.site())?;
        if self.to_more_slots.len() >= SLOTS_MAX {
            return Err(LIMIT_REACHED.with("limit", SLOTS_MAX).with("of", "slots of one booking"));
        }
        let (clinic, settings) = (there.clinic()?, practice_there.settings()?);
        let to = clinic.time_of(self.to_starts_at, &self.to_more_slots, settings, now)?;
        has_no_programme(&to.service)?;
        if to == booking.time {
            return Ok(nothing_new());
        }
        clinic.has_to_be_released(context)?;
        clinic.has_room(&to, self.patient, Some(&booking.time), now)?;
        diary.has_room_for(&to, Some(&booking.time), settings, context)?;

        let free = |starts_at| SlotFreed { session: self.session.clone(), starts_at, by: self.patient };
        let take = |starts_at| SlotTaken { session: self.to_session.clone(), starts_at, by: self.patient };
        let moved = AppointmentRescheduled {
            patient: self.patient,
            from: booking.time.clone(),
            to: to.clone(),
            cause: CancellationReason::RescheduledByCitizen,
            reason: booking.reason.clone(),
            comment: booking.comment.clone(),
            version: (booking.version + 1).max(diary.next_version(&to)),
            rescheduled_at: Some(now),
        };
        Ok(nothing_new().and_all(booking.time.slots().map(free)).and_all(to.slots().map(take)).and(moved))
    }
}

impl RescheduleAppointment {
    /// The booking that resulted from this move, if it was already made and the booking still stands.
    fn already_moved<'a>(&self, diary: &'a Diary) -> Option<&'a BookedSlot> {
        let old_is_open = diary.booking(&self.session, self.starts_at).is_some_and(BookedSlot::stands);
        let from = Some((self.session.clone(), self.starts_at));
        let arrived = diary.booking(&self.to_session, self.to_starts_at);
        arrived.filter(|booking| !old_is_open && booking.stands() && booking.moved_from == from)
    }

    /// A repeat of the same move changes nothing. A move to more or fewer slots is a different move and is rejected.
    fn as_moved(&self, moved: &BookedSlot) -> Result<Decision, Rejected> {
        if moved.time.slots().skip(1).eq(self.to_more_slots.iter().copied()) {
            Ok(nothing_new())
        } else {
            Err(ALREADY_MOVED.with("differs", vec!["toMoreSlots"]).with("version", moved.version))
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::{
        appointments::{DiaryEvent, SessionEvent},
        practices::PracticeSettings,
    };

    use super::*;
    use crate::{appointments::diary::CHANGES_IN_A_SESSION_MAX, spec::*};
    use event_core::event::AnyEvent;

    fn elsewhere() -> SessionId {
        "A12345.000000000002".parse().expect("valid")
    }

    fn move_to(session: SessionId, slot: &str) -> RescheduleAppointment {
        RescheduleAppointment {
            patient: alice(),
            session: clinic(),
            starts_at: at(NINE),
            version: None,
            to_session: session,
            to_starts_at: at(slot),
            to_more_slots: vec![],
        }
    }

    /// Alice has nine o'clock in `clinic`; there is another session at the same time.
    fn alice_at_nine() -> World {
        surgery()
            .given(published(elsewhere(), 1))
            .given(taken(NINE, alice()))
            .given(booked(alice(), time(clinic(), NINE, TEN_PAST)))
    }

    fn freed(slot: &str) -> SessionEvent {
        SlotFreed { session: clinic(), starts_at: at(slot), by: alice() }.into()
    }

    fn moved(to: vocabulary::appointments::BookedTime) -> DiaryEvent {
        AppointmentRescheduled {
            patient: alice(),
            from: time(clinic(), NINE, TEN_PAST),
            to,
            cause: CancellationReason::RescheduledByCitizen,
            reason: None,
            comment: None,
            version: 2,
            rescheduled_at: Some(at(NOW)),
        }
        .into()
    }

    #[test]
    fn the_old_slot_is_freed_if_and_only_if_the_new_one_is_booked() {
        let there: SessionEvent = SlotTaken { session: elsewhere(), starts_at: at(NINE), by: alice() }.into();
        let events: [&dyn AnyEvent; 3] = [&freed(NINE), &there, &moved(time(elsewhere(), NINE, TEN_PAST))];
        alice_at_nine()
            .when(move_to(elsewhere(), NINE))
            .records(&events)
            .when(move_to(elsewhere(), NINE))
            .nothing_new();
        let full: SessionEvent = SlotTaken { session: elsewhere(), starts_at: at(NINE), by: bob() }.into();
        alice_at_nine().given(full).when(move_to(elsewhere(), NINE)).rejected(&SLOT_TAKEN);
    }

    #[test]
    fn the_same_move_to_more_slots_says_what_differs() {
        let kinds = ["appointment.slot-freed.v1", "appointment.slot-taken.v1", "appointment.rescheduled.v1"];
        let moved = alice_at_nine().when(move_to(elsewhere(), NINE)).records_kinds(&kinds);
        let longer = RescheduleAppointment { to_more_slots: vec![at(TEN_PAST)], ..move_to(elsewhere(), NINE) };
        let details = moved.when(longer).rejected_with(&ALREADY_MOVED);
        assert_eq!(details["differs"], serde_json::json!(["toMoreSlots"]));
    }

    #[test]
    fn it_is_moved_within_one_session_and_the_old_time_does_not_count_against_the_new() {
        let events: [&dyn AnyEvent; 3] =
            [&freed(NINE), &taken(TEN_PAST, alice()), &moved(time(clinic(), TEN_PAST, TWENTY_PAST))];
        alice_at_nine().when(move_to(clinic(), TEN_PAST)).records(&events);
        // Two slots, one of which is the old slot, in a session with one place per slot.
        let longer = RescheduleAppointment { to_more_slots: vec![at(TEN_PAST)], ..move_to(clinic(), NINE) };
        alice_at_nine().when(longer).records_kinds(&[
            "appointment.slot-freed.v1",
            "appointment.slot-taken.v1",
            "appointment.slot-taken.v1",
            "appointment.rescheduled.v1",
        ]);
    }

    #[test]
    fn the_old_booking_does_not_count_against_the_limit() {
        let other =
            |hour: u32| time(elsewhere(), &format!("2026-03-10T{hour}:00:00Z"), &format!("2026-03-10T{hour}:10:00Z"));
        let three = alice_at_nine().given(booked(alice(), other(10))).given(booked(alice(), other(11)));
        three.clone().when(move_to(clinic(), TEN_PAST)).records_kinds(&[
            "appointment.slot-freed.v1",
            "appointment.slot-taken.v1",
            "appointment.rescheduled.v1",
        ]);
        let meanwhile = three.given(booked(alice(), time(elsewhere(), "2026-03-09T09:05:00Z", "2026-03-09T09:15:00Z")));
        meanwhile.when(move_to(clinic(), TEN_PAST)).rejected(&OVERLAPPING_BOOKING);
    }

    #[test]
    fn another_patients_appointment_is_not_moved() {
        let bobs = RescheduleAppointment { patient: bob(), ..move_to(clinic(), TEN_PAST) };
        alice_at_nine().by(as_patient(bob())).when(bobs).rejected(&NOT_YOUR_APPOINTMENT);
    }

    #[test]
    fn it_is_not_moved_after_the_cut_off_but_by_staff() {
        // 30 minutes before the start is the last instant.
        let kinds = ["appointment.slot-freed.v1", "appointment.slot-taken.v1", "appointment.rescheduled.v1"];
        alice_at_nine().at("2026-03-09T08:30:00Z").when(move_to(clinic(), TWENTY_PAST)).records_kinds(&kinds);
        let late = alice_at_nine().at("2026-03-09T08:30:01Z");
        late.clone().when(move_to(clinic(), TWENTY_PAST)).rejected(&CUT_OFF_PASSED);
        late.by(as_staff()).when(move_to(clinic(), TWENTY_PAST)).records_kinds(&kinds);
        alice_at_nine().at(NINE).by(as_staff()).when(move_to(clinic(), TWENTY_PAST)).rejected(&IN_THE_PAST);
    }

    #[test]
    fn a_stale_version_or_a_cancelled_appointment_is_not_moved() {
        let stale = RescheduleAppointment { version: Some(7), ..move_to(clinic(), TEN_PAST) };
        alice_at_nine().when(stale).rejected(&STALE_VERSION);
        let cancelled = vocabulary::appointments::AppointmentCancelled {
            patient: alice(),
            time: time(clinic(), NINE, TEN_PAST),
            cause: CancellationReason::CancelledByCitizen,
            cancelled_at: at(NOW),
            version: 2,
        };
        alice_at_nine().given(cancelled).when(move_to(clinic(), TEN_PAST)).rejected(&ALREADY_CANCELLED);
    }

    #[test]
    fn it_is_not_moved_beyond_the_booking_window() {
        alice_at_nine().at("2026-01-25T23:59:59Z").when(move_to(clinic(), TEN_PAST)).rejected(&OUTSIDE_BOOKING_WINDOW);
    }

    #[test]
    fn the_other_open_bookings_count_against_the_limit() {
        let other = time(elsewhere(), "2026-03-10T10:00:00Z", "2026-03-10T10:10:00Z");
        let only_one = PracticeSettings { open_bookings_max: 1, ..PracticeSettings::default() };
        alice_at_nine()
            .given(booked(alice(), other))
            .given(settings_changed(only_one))
            .when(move_to(clinic(), TEN_PAST))
            .rejected(&LIMIT_REACHED);
        let long = RescheduleAppointment { to_more_slots: vec![at(TEN_PAST); SLOTS_MAX], ..move_to(clinic(), NINE) };
        alice_at_nine().when(long).rejected(&LIMIT_REACHED);
    }

    #[test]
    fn nobody_fills_a_session_by_moving_in_circles() {
        let kinds = ["appointment.slot-freed.v1", "appointment.slot-taken.v1", "appointment.rescheduled.v1"];
        let slots = [NINE, TEN_PAST];
        let go = |n: usize| RescheduleAppointment {
            starts_at: at(slots[n % 2]),
            version: Some(u32::try_from(n).expect("small") + 1),
            ..move_to(clinic(), slots[(n + 1) % 2])
        };
        // A move counts as a change of the session it leaves and of the session it enters: here, the same session
        // twice.
        let moves = usize::from(CHANGES_IN_A_SESSION_MAX) / 2;
        let moved = (0..moves).fold(alice_at_nine(), |world, n| world.when(go(n)).records_kinds(&kinds));
        moved.when(go(moves)).rejected(&LIMIT_REACHED);
    }

    #[test]
    fn without_its_practice_nothing_is_moved() {
        world()
            .given(booked(alice(), time(clinic(), NINE, TEN_PAST)))
            .when(move_to(clinic(), TEN_PAST))
            .rejected(&PRACTICE_NOT_FOUND);
    }

    #[test]
    fn moving_it_to_where_it_is_is_nothing_new() {
        alice_at_nine().when(move_to(clinic(), NINE)).nothing_new();
    }

    #[test]
    fn there_it_is_only_moved_to_slots_that_could_be_booked() {
        let missing = "A12345.000000000009".parse::<SessionId>().expect("valid");
        alice_at_nine().when(move_to(missing, NINE)).rejected(&SESSION_NOT_FOUND);
        alice_at_nine().when(move_to(clinic(), "2026-03-09T09:05:00Z")).rejected(&SLOT_NOT_FOUND);
        let gap = RescheduleAppointment { to_more_slots: vec![at(NINE)], ..move_to(clinic(), TEN_PAST) };
        alice_at_nine().when(gap).rejected(&SLOTS_NOT_ADJACENT);
        let other_practice = "B99999.000000000001".parse::<SessionId>().expect("valid");
        alice_at_nine().when(move_to(other_practice, NINE)).rejected(&NOT_REGISTERED_HERE);
    }
}
