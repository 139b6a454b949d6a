use event_core::{OrganisationCode, SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{AppointmentBooked, SlotTaken},
    practices::PRACTICE_NOT_FOUND,
    registrations::Registration,
    text::{Comment, Reason},
};

use super::{
    diary::{BookedSlot, Diary},
    rejections::{
        ALREADY_BOOKED, BOOK_BY_PROGRAMME, EMBARGOED, HOLD_EXPIRED, HOLD_NOT_FOUND, IN_THE_PAST, LIMIT_REACHED,
        NOT_A_HOLD, OUTSIDE_BOOKING_WINDOW, OVERLAPPING_BOOKING, SESSION_NOT_FOUND, SLOT_NOT_FOUND, SLOT_TAKEN,
        SLOTS_NOT_ADJACENT,
    },
    session::Session,
    vaccination_slots::has_no_programme,
};
use crate::{
    practices::Practice,
    prelude::*,
    registrations::{has_to_be_at, rejections::NOT_REGISTERED_HERE},
};

/// The maximum number of slots of one booking.
pub const SLOTS_MAX: usize = 12;

/// Book an appointment: one free slot of a clinic session, or several adjacent ones, for one patient.
///
/// A patient books, moves and amends at most 20 times a day, from midnight to midnight in London; with the practice's staff,
/// 40 times.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BookAppointment {
    pub session: SessionId,
    /// The start of the (first) slot.
    pub starts_at: Timestamp,
    /// The starts of further slots, each at the end of the slot before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = SLOTS_MAX - 1), extend("default" = serde_json::json!([])))]
    pub more_slots: Vec<Timestamp>,
    pub patient: SubjectId,
    /// The reason in the patient's words; the practice reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
    /// Book only by confirming a hold that this patient has on the (first) slot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(extend("default" = false))]
    pub confirms_hold: bool,
}

impl Command for BookAppointment {
    const NAME: &'static str = "book-appointment";
    const WHO: &'static dyn AccessRule = &patient(P0).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &SESSION_NOT_FOUND,
        &SLOT_NOT_FOUND,
        &SLOTS_NOT_ADJACENT,
        &PRACTICE_NOT_FOUND,
        &NOT_REGISTERED_HERE,
        &BOOK_BY_PROGRAMME,
        &IN_THE_PAST,
        &OUTSIDE_BOOKING_WINDOW,
        &EMBARGOED,
        &ALREADY_BOOKED,
        &HOLD_EXPIRED,
        &HOLD_NOT_FOUND,
        &NOT_A_HOLD,
        &SLOT_TAKEN,
        &OVERLAPPING_BOOKING,
        &LIMIT_REACHED,
    ];
    type Reads = (Session, Diary, Practice, Registration);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        let site = self.session.site();
        (Stream::of(&self.session), Stream::of(self.patient), Stream::of(site), Stream::of(self.patient))
    }

    fn decide(
        &self,
        (session, diary, practice, registration): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let now = context.now;
        let clinic = session.clinic()?;
        has_to_be_at(registration, &self.session.site())?;
        if self.more_slots.len() >= SLOTS_MAX {
            return Err(LIMIT_REACHED.with("limit", SLOTS_MAX).with("of", "slots of one booking"));
        }
        let settings = practice.settings()?;
        let time = clinic.time_of(self.starts_at, &self.more_slots, settings, now)?;
        has_no_programme(&time.service)?;
        if let Some(booking) = diary.standing(&time) {
            return self.as_booked(booking);
        }
        clinic.has_to_be_released(context)?;
        if self.confirms_hold {
            clinic.confirms(self.starts_at, self.patient, now)?;
        }
        clinic.has_room(&time, self.patient, None, now)?;
        diary.has_room_for(&time, None, settings, context)?;
        let take = |starts_at| SlotTaken { session: self.session.clone(), starts_at, by: self.patient };
        let booked = AppointmentBooked {
            patient: self.patient,
            version: diary.next_version(&time),
            reason: self.reason.clone().map(Into::into),
            comment: self.comment.clone().map(Into::into),
            time: time.clone(),
            booked_at: Some(now),
        };
        Ok(nothing_new().and_all(time.slots().map(take)).and(booked))
    }
}

impl BookAppointment {
    /// A repeat of the same booking changes nothing. A different reason or comment is rejected, never dropped silently.
    fn as_booked(&self, booking: &BookedSlot) -> Result<Decision, Rejected> {
        let reason = booking.reason != self.reason.clone().map(Into::into);
        let comment = booking.comment != self.comment.clone().map(Into::into);
        let differs: Vec<&str> = [("reason", reason), ("comment", comment)]
            .into_iter()
            .filter_map(|(field, differs)| differs.then_some(field))
            .collect();
        if differs.is_empty() {
            Ok(nothing_new())
        } else {
            Err(ALREADY_BOOKED.with("differs", differs).with("version", booking.version))
        }
    }
}

#[cfg(test)]
mod specs {
    use event_core::text::TOO_LONG;
    use vocabulary::practices::PracticeSettings;

    use super::*;
    use crate::spec::*;

    const SOON: &str = "2026-03-02T08:05:00Z";

    fn book(slot: &str, patient: SubjectId) -> BookAppointment {
        BookAppointment {
            session: clinic(),
            starts_at: at(slot),
            more_slots: vec![],
            patient,
            reason: None,
            comment: None,
            confirms_hold: false,
        }
    }

    fn confirm(slot: &str, patient: SubjectId) -> BookAppointment {
        BookAppointment { confirms_hold: true, ..book(slot, patient) }
    }

    fn several(slots: &[&str]) -> BookAppointment {
        BookAppointment { more_slots: slots[1..].iter().map(|slot| at(slot)).collect(), ..book(slots[0], alice()) }
    }

    /// Another session of the same practice, at the same time.
    fn elsewhere() -> SessionId {
        "A12345.000000000002".parse().expect("valid")
    }

    #[test]
    fn a_slot_is_booked_once() {
        let nine = time(clinic(), NINE, TEN_PAST);
        let booked = surgery().when(book(NINE, alice())).records(&[&taken(NINE, alice()), &booked(alice(), nine)]);
        booked.when(book(NINE, bob())).rejected(&SLOT_TAKEN);
    }

    #[test]
    fn booking_the_same_slot_again_is_already_booked_by_you_and_nothing_new() {
        let booked =
            surgery().when(book(NINE, alice())).records_kinds(&["appointment.slot-taken.v1", "appointment.booked.v1"]);
        booked.when(book(NINE, alice())).nothing_new();
    }

    #[test]
    fn booking_the_same_slot_again_with_another_reason_or_comment_says_what_differs() {
        let with = |reason: Option<&str>, comment: Option<&str>| BookAppointment {
            reason: reason.map(|text| text.parse().expect("valid")),
            comment: comment.map(|text| text.parse().expect("valid")),
            ..book(NINE, alice())
        };
        let kinds = ["appointment.slot-taken.v1", "appointment.booked.v1"];
        let booked = surgery().when(with(Some("a sore knee"), None)).records_kinds(&kinds);
        let booked = booked.when(with(Some("a sore knee"), None)).nothing_new();
        let differs = |again: BookAppointment, fields: &[&str]| {
            let details = booked.clone().when(again).rejected_with(&ALREADY_BOOKED);
            assert_eq!((&details["differs"], &details["version"]), (&serde_json::json!(fields), &1.into()));
        };
        differs(with(Some("a bad tooth"), None), &["reason"]);
        differs(with(Some("a sore knee"), Some("since Monday")), &["comment"]);
        differs(with(None, Some("since Monday")), &["reason", "comment"]);
    }

    #[test]
    fn a_slot_has_as_many_bookings_as_its_capacity() {
        let two_rooms = surgery().given(published(elsewhere(), 2));
        let there = |patient| BookAppointment { session: elsewhere(), ..book(NINE, patient) };
        let kinds = ["appointment.slot-taken.v1", "appointment.booked.v1"];
        let full = two_rooms.when(there(alice())).records_kinds(&kinds).when(there(bob())).records_kinds(&kinds);
        let carol = "ca201000-0000-4000-8000-000000000003".parse().expect("valid");
        full.given(registered(carol, "1990-01-01")).when(there(carol)).rejected(&SLOT_TAKEN);
    }

    #[test]
    fn a_hold_is_confirmed_by_its_holder_until_it_expires() {
        let holding = surgery().given(held(NINE, alice(), SOON));
        let kinds = ["appointment.slot-taken.v1", "appointment.booked.v1"];
        holding.clone().when(confirm(NINE, alice())).records_kinds(&kinds).when(confirm(NINE, alice())).nothing_new();
        holding.clone().when(book(NINE, alice())).records_kinds(&kinds);
        holding.clone().when(book(NINE, bob())).rejected(&SLOT_TAKEN);
        holding.clone().at(SOON).when(confirm(NINE, alice())).rejected(&HOLD_EXPIRED);
        holding.at(SOON).when(book(NINE, bob())).records_kinds(&kinds);
    }

    #[test]
    fn an_unknown_hold_is_not_found_and_a_booking_is_not_a_hold() {
        surgery().when(confirm(NINE, alice())).rejected(&HOLD_NOT_FOUND);
        surgery().given(taken(NINE, bob())).when(confirm(NINE, alice())).rejected(&NOT_A_HOLD);
    }

    #[test]
    fn several_slots_are_booked_if_they_are_adjacent() {
        let both = time(clinic(), NINE, TWENTY_PAST);
        let events: [&dyn event_core::event::AnyEvent; 3] =
            [&taken(NINE, alice()), &taken(TEN_PAST, alice()), &booked(alice(), both)];
        surgery().when(several(&[NINE, TEN_PAST])).records(&events);
        surgery().when(several(&[NINE, TWENTY_PAST])).rejected(&SLOTS_NOT_ADJACENT);
        surgery().when(several(&[TEN_PAST, NINE])).rejected(&SLOTS_NOT_ADJACENT);
        surgery().when(several(&[TWENTY_PAST, "2026-03-09T09:30:00Z"])).rejected(&SLOT_NOT_FOUND);
        surgery().given(taken(TEN_PAST, bob())).when(several(&[NINE, TEN_PAST])).rejected(&SLOT_TAKEN);
        surgery().when(several(&[NINE; SLOTS_MAX + 1])).rejected(&LIMIT_REACHED);
    }

    #[test]
    fn a_patient_has_three_open_bookings_over_all_channels() {
        let later =
            |hour: u32| time(elsewhere(), &format!("2026-03-10T{hour}:00:00Z"), &format!("2026-03-10T{hour}:10:00Z"));
        let video = |hour| vocabulary::appointments::BookedTime {
            channel: vocabulary::appointments::Channel::Video,
            ..later(hour)
        };
        let two = surgery().given(booked(alice(), later(10))).given(booked(alice(), video(11)));
        let kinds = ["appointment.slot-taken.v1", "appointment.booked.v1"];
        let three = two.when(book(NINE, alice())).records_kinds(&kinds);
        three.clone().when(book(TWENTY_PAST, alice())).rejected(&LIMIT_REACHED);
        let settings = PracticeSettings { open_bookings_max: 4, ..PracticeSettings::default() };
        three.given(settings_changed(settings)).when(book(TWENTY_PAST, alice())).records_kinds(&kinds);
    }

    #[test]
    fn a_booking_that_has_passed_is_not_open_any_more() {
        let earlier =
            |hour: u32| time(elsewhere(), &format!("2026-03-01T{hour}:00:00Z"), &format!("2026-03-01T{hour}:10:00Z"));
        let past = (10..13).fold(surgery(), |world, hour| world.given(booked(alice(), earlier(hour))));
        past.when(book(NINE, alice())).records_kinds(&["appointment.slot-taken.v1", "appointment.booked.v1"]);
    }

    #[test]
    fn two_bookings_of_a_patient_do_not_overlap() {
        let overlapping = time(elsewhere(), "2026-03-09T08:55:00Z", "2026-03-09T09:05:00Z");
        surgery().given(booked(alice(), overlapping)).when(book(NINE, alice())).rejected(&OVERLAPPING_BOOKING);
        let adjacent = time(elsewhere(), "2026-03-09T08:50:00Z", NINE);
        surgery()
            .given(booked(alice(), adjacent))
            .when(book(NINE, alice()))
            .records_kinds(&["appointment.slot-taken.v1", "appointment.booked.v1"]);
    }

    #[test]
    fn only_the_future_within_the_booking_window_is_booked() {
        surgery().at(NINE).when(book(NINE, alice())).rejected(&IN_THE_PAST);
        // 42 days before 9 March is 26 January; one second earlier is too early.
        surgery().at("2026-01-25T23:59:59Z").when(book(NINE, alice())).rejected(&OUTSIDE_BOOKING_WINDOW);
        surgery()
            .at("2026-01-26T00:00:00Z")
            .when(book(NINE, alice()))
            .records_kinds(&["appointment.slot-taken.v1", "appointment.booked.v1"]);
        let settings = PracticeSettings { booking_window_days: 6, ..PracticeSettings::default() };
        surgery().given(settings_changed(settings)).when(book(NINE, alice())).rejected(&OUTSIDE_BOOKING_WINDOW);
    }

    #[test]
    fn a_slot_that_is_not_released_is_embargoed_for_patients_and_the_practice_books_it() {
        let vocabulary::appointments::SessionEvent::Published(mut session) = published(elsewhere(), 1) else {
            panic!("it is published")
        };
        session.released_at = Some(at(SOON));
        let embargoed = surgery().given(session);
        let there = || BookAppointment { session: elsewhere(), ..book(NINE, alice()) };
        let kinds = ["appointment.slot-taken.v1", "appointment.booked.v1"];
        assert_eq!(embargoed.clone().when(there()).rejected_with(&EMBARGOED)["releasedAt"], SOON);
        let hold = crate::appointments::HoldSlot { session: elsewhere(), starts_at: at(NINE), patient: alice() };
        embargoed.clone().when(hold).rejected(&EMBARGOED);
        let moved = crate::appointments::RescheduleAppointment {
            patient: alice(),
            session: clinic(),
            starts_at: at(NINE),
            version: None,
            to_session: elsewhere(),
            to_starts_at: at(TEN_PAST),
            to_more_slots: vec![],
        };
        let booked = embargoed.clone().when(book(NINE, alice())).records_kinds(&kinds);
        booked.when(moved).rejected(&EMBARGOED);
        embargoed.clone().by(as_staff()).when(there()).records_kinds(&kinds);
        embargoed.at(SOON).when(there()).records_kinds(&kinds);
    }

    #[test]
    fn only_patients_of_the_practice_book_and_only_slots_that_exist() {
        world().when(book(NINE, alice())).rejected(&SESSION_NOT_FOUND);
        surgery().when(book("2026-03-09T08:50:00Z", alice())).rejected(&SLOT_NOT_FOUND);
        let stranger = "5742a900-0000-4000-8000-000000000009".parse().expect("valid");
        surgery().when(book(NINE, stranger)).rejected(&NOT_REGISTERED_HERE);
        let no_practice = world().given(published(clinic(), 1));
        let no_practice = no_practice.given(registered(alice(), "1980-02-29"));
        no_practice.when(book(NINE, alice())).rejected(&PRACTICE_NOT_FOUND);
    }

    #[test]
    fn a_reason_of_101_and_a_comment_of_501_characters_are_too_long() {
        let body = |reason: usize, comment: usize| {
            serde_json::from_value::<BookAppointment>(serde_json::json!({
                "session": clinic(), "startsAt": NINE, "patient": alice(),
                "reason": "r".repeat(reason), "comment": "c".repeat(comment),
            }))
        };
        assert!(body(100, 500).is_ok());
        for (reason, comment) in [(101, 500), (100, 501)] {
            let refused = body(reason, comment).expect_err("too long").to_string();
            assert!(refused.contains(TOO_LONG), "{refused}");
        }
    }

    #[test]
    fn unknown_fields_are_refused() {
        let body = serde_json::json!({"session": clinic(), "startsAt": NINE, "patient": alice(), "urgent": true});
        let refused = serde_json::from_value::<BookAppointment>(body).expect_err("unknown").to_string();
        assert!(refused.contains("urgent"), "{refused}");
    }
}
