use event_core::{OrganisationCode, SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{AppointmentBooked, BookedTime, SlotTaken},
    practices::PRACTICE_NOT_FOUND,
    registrations::Registration,
};

use super::{
    diary::Diary,
    rejections::{
        ALREADY_BOOKED, BOOK_BY_PROGRAMME, IN_THE_PAST, LIMIT_REACHED, OUTSIDE_BOOKING_WINDOW, OVERLAPPING_BOOKING,
        SAME_PERSON, SESSION_NOT_FOUND, SLOT_NOT_FOUND, SLOT_TAKEN,
    },
    session::Session,
    vaccination_slots::has_no_programme,
};
use crate::{
    practices::Practice,
    prelude::*,
    registrations::{has_to_be_at, rejections::NOT_REGISTERED_HERE},
};

/// Book two adjacent slots of a clinic session for two people, such as a couple or a parent and a child. Either both are
/// booked or neither is.
///
/// Each has an appointment of their own, which is moved and cancelled on its own. Only the practice books for two people;
/// reasons are not part of it, because each may only be read with the appointment of the person concerned.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BookTogether {
    pub session: SessionId,
    /// The start of the first slot.
    pub starts_at: Timestamp,
    /// The person who has the first slot.
    pub patient: SubjectId,
    /// The person who has the slot after it.
    pub companion: SubjectId,
}

impl Command for BookTogether {
    const NAME: &'static str = "book-together";
    const WHO: &'static dyn AccessRule = &staff(Permission::Booking);
    const REJECTIONS: &'static [&'static Rejection] = &[
        &SAME_PERSON,
        &SESSION_NOT_FOUND,
        &SLOT_NOT_FOUND,
        &PRACTICE_NOT_FOUND,
        &NOT_REGISTERED_HERE,
        &BOOK_BY_PROGRAMME,
        &IN_THE_PAST,
        &OUTSIDE_BOOKING_WINDOW,
        &ALREADY_BOOKED,
        &SLOT_TAKEN,
        &OVERLAPPING_BOOKING,
        &LIMIT_REACHED,
    ];
    type Reads = (Session, Practice, Diary, Diary, Registration, Registration);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (
            Stream::of(&self.session),
            Stream::of(self.session.site()),
            Stream::of(self.patient),
            Stream::of(self.companion),
            Stream::of(self.patient),
            Stream::of(self.companion),
        )
    }

    fn decide(
        &self,
        (session, practice, first, second, registration, of_companion): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let now = context.now;
        if self.patient == self.companion {
            return Err((&SAME_PERSON).into());
        }
        let (clinic, settings, site) = (session.clinic()?, practice.settings()?, self.session.site());
        has_to_be_at(registration, &site)?;
        has_to_be_at(of_companion, &site)?;
        let time = clinic.time_of(self.starts_at, &[], settings, now)?;
        has_no_programme(&time.service)?;
        let after = clinic.time_of(time.ends_at, &[], settings, now)?;
        let booked = [first.standing(&time), second.standing(&after)];
        match booked.iter().flatten().count() {
            0 => {}
            2 => return Ok(nothing_new()),
            _ => return Err((&ALREADY_BOOKED).into()),
        }
        let people = [(self.patient, first, time), (self.companion, second, after)];
        people.into_iter().try_fold(nothing_new(), |decision, (by, diary, time)| {
            clinic.has_room(&time, by, None, now)?;
            diary.has_room_for(&time, None, settings, context)?;
            let taken = SlotTaken { session: self.session.clone(), starts_at: time.starts_at, by };
            Ok(decision.and(taken).and(booking(by, time, diary, now)))
        })
    }
}

fn booking(patient: SubjectId, time: BookedTime, diary: &Diary, now: Timestamp) -> AppointmentBooked {
    let version = diary.next_version(&time);
    AppointmentBooked { patient, time, reason: None, comment: None, version, booked_at: Some(now) }
}

#[cfg(test)]
mod specs {
    use vocabulary::practices::PracticeSettings;

    use super::*;
    use crate::{appointments::CancelAppointment, spec::*};

    fn together(slot: &str) -> BookTogether {
        BookTogether { session: clinic(), starts_at: at(slot), patient: alice(), companion: bob() }
    }

    fn desk() -> World {
        surgery().by(as_staff())
    }

    #[test]
    fn two_people_have_adjacent_slots_in_their_own_diaries_once() {
        let (nine, ten_past) = (time(clinic(), NINE, TEN_PAST), time(clinic(), TEN_PAST, TWENTY_PAST));
        let both = desk().when(together(NINE)).records(&[
            &taken(NINE, alice()),
            &booked(alice(), nine),
            &taken(TEN_PAST, bob()),
            &booked(bob(), ten_past),
        ]);
        let both = both.when(together(NINE)).nothing_new();
        let (patient, session, starts_at, version) = (bob(), clinic(), at(TEN_PAST), None);
        let reason = Some(vocabulary::appointments::CancellationReason::CancelledBySite);
        let cancel = CancelAppointment { patient, session, starts_at, reason, version };
        let one = both.when(cancel).records_kinds(&["appointment.slot-freed.v1", "appointment.cancelled.v1"]);
        one.when(together(NINE)).rejected(&ALREADY_BOOKED);
    }

    #[test]
    fn if_one_slot_is_taken_neither_is_booked() {
        desk().given(taken(TEN_PAST, alice())).when(together(NINE)).rejected(&SLOT_TAKEN);
        desk().given(taken(NINE, bob())).when(together(NINE)).rejected(&SLOT_TAKEN);
        desk().when(together(TWENTY_PAST)).rejected(&SLOT_NOT_FOUND);
        desk().when(together("2026-03-09T09:05:00Z")).rejected(&SLOT_NOT_FOUND);
    }

    #[test]
    fn the_rules_of_booking_hold_for_both() {
        let elsewhere = || "A12345.000000000002".parse().expect("valid");
        let overlapping = booked(bob(), time(elsewhere(), TEN_PAST, TWENTY_PAST));
        desk().given(overlapping).when(together(NINE)).rejected(&OVERLAPPING_BOOKING);
        let one = PracticeSettings { open_bookings_max: 1, ..PracticeSettings::default() };
        let later = time(elsewhere(), "2026-03-10T10:00:00Z", "2026-03-10T10:10:00Z");
        let full = desk().given(settings_changed(one)).given(booked(alice(), later));
        full.when(together(NINE)).rejected(&LIMIT_REACHED);
        let stranger = "5742a900-0000-4000-8000-000000000009".parse().expect("valid");
        desk().when(BookTogether { companion: stranger, ..together(NINE) }).rejected(&NOT_REGISTERED_HERE);
        desk().when(BookTogether { patient: stranger, ..together(NINE) }).rejected(&NOT_REGISTERED_HERE);
        desk().when(BookTogether { companion: alice(), ..together(NINE) }).rejected(&SAME_PERSON);
        desk().at(NINE).when(together(NINE)).rejected(&IN_THE_PAST);
        desk().at("2026-01-25T23:59:59Z").when(together(NINE)).rejected(&OUTSIDE_BOOKING_WINDOW);
        world().by(as_staff()).when(together(NINE)).rejected(&SESSION_NOT_FOUND);
        let no_practice = world().given(published(clinic(), 1)).given(registered(alice(), "1980-02-29"));
        no_practice.when(together(NINE)).rejected(&PRACTICE_NOT_FOUND);
    }
}
