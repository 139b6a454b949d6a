use event_core::{State, SubjectId, Timestamp};
use programmes::{CATALOGUE, Eligibility, PersonFacts, Programme, SecondDates, eligibility, together};
use vocabulary::{
    SessionId,
    appointments::{AppointmentBooked, BookedTime, SlotTaken},
    practices::PRACTICE_NOT_FOUND,
    registrations::Registration,
    time::LONDON,
    vaccinations::{DECLARED_MAX, DeclaredFacts, DoseBooked, ProgrammeId},
};

use super::{
    dose_book::DoseBook,
    rejections::{
        DOSE_BOOKED, NOT_A_VACCINATION, NOT_ELIGIBLE, NOT_REGISTERED, PROGRAMME_NOT_FOUND, SECOND_DOSE_MISPLACED,
        TOO_MANY_DOSES,
    },
};
use crate::{
    appointments::{
        Diary, Session,
        rejections::{
            EMBARGOED, IN_THE_PAST, LIMIT_REACHED, OUTSIDE_BOOKING_WINDOW, OVERLAPPING_BOOKING, SESSION_NOT_FOUND,
            SLOT_NOT_FOUND, SLOT_TAKEN,
        },
    },
    practices::Practice,
    prelude::*,
};

/// Book an appointment for the next dose of a programme, at any site that offers it. Where the programme books two doses together, the
/// second one can be booked in the same step: either both are booked or neither is.
///
/// The programme decides on the day of the appointment, by age, the doses so far, and what the person declares.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BookVaccination {
    pub patient: SubjectId,
    /// A clinic session of the service `vaccination-<programme>`.
    pub session: SessionId,
    /// The start of the slot.
    pub starts_at: Timestamp,
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub declared: DeclaredFacts,
    /// The appointment for the second dose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondAppointment>,
}

/// The appointment for the second of two doses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecondAppointment {
    pub session: SessionId,
    pub starts_at: Timestamp,
}

fn is_nothing(declared: &DeclaredFacts) -> bool {
    *declared == DeclaredFacts::default()
}

impl Command for BookVaccination {
    const NAME: &'static str = "book-vaccination";
    const WHO: &'static dyn AccessRule = &patient(P0).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &SESSION_NOT_FOUND,
        &SLOT_NOT_FOUND,
        &PRACTICE_NOT_FOUND,
        &NOT_A_VACCINATION,
        &PROGRAMME_NOT_FOUND,
        &NOT_REGISTERED,
        &NOT_ELIGIBLE,
        &SECOND_DOSE_MISPLACED,
        &DOSE_BOOKED,
        &IN_THE_PAST,
        &OUTSIDE_BOOKING_WINDOW,
        &EMBARGOED,
        &SLOT_TAKEN,
        &OVERLAPPING_BOOKING,
        &LIMIT_REACHED,
        &TOO_MANY_DOSES,
    ];
    type Reads = (Session, Practice, Session, Practice, Diary, Registration, DoseBook);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        let second = self.second.as_ref().map_or(&self.session, |second| &second.session);
        (
            Stream::of(&self.session),
            Stream::of(self.session.site()),
            Stream::of(second),
            Stream::of(second.site()),
            Stream::of(self.patient),
            Stream::of(self.patient),
            Stream::of(self.patient),
        )
    }

    fn decide(
        &self,
        (session, practice, second, practice_of_second, diary, registration, book): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let here = VaccinationPlace { session, practice, diary, patient: self.patient };
        let there = VaccinationPlace { session: second, practice: practice_of_second, ..here };
        let time = here.time(self.starts_at, context)?;
        let second = self.second.as_ref().map(|second| there.time(second.starts_at, context)).transpose()?;
        let is_booked = |time: &BookedTime| diary.standing(time).is_some();
        if is_booked(&time) && second.as_ref().is_none_or(is_booked) {
            return Ok(nothing_new());
        }
        let id = ProgrammeId::of_service(&time.service).ok_or(&NOT_A_VACCINATION)?;
        let programme = CATALOGUE.newest(id.as_str()).ok_or(&PROGRAMME_NOT_FOUND)?;
        let facts = self.facts(book, registration)?;
        let number = dose_on(programme, &facts, &time)?;
        let (taken, booked) = here.book(&time, context)?;
        let dose = self.booked(&id, programme, number, &time, (book, diary), context)?;
        let first = nothing_new().and(taken).and(booked.clone()).and(dose.clone());
        let Some(second) = second else { return Ok(first) };
        let number = second_dose_on(programme, &facts, &time, &second)?;
        // The rules about the person see the first appointment: both count towards the limits.
        let (diary, book) = (&after(diary, booked), &after(book, dose));
        let (taken, booked) = VaccinationPlace { diary, ..there }.book(&second, context)?;
        let dose = self.booked(&id, programme, number, &second, (book, diary), context)?;
        Ok(first.and(taken).and(booked).and(dose))
    }
}

/// The state after an event that the same decision records.
fn after<S: State>(state: &S, event: impl Into<S::Event>) -> S {
    let mut next = state.clone();
    next.evolve(&event.into());
    next
}

impl BookVaccination {
    /// The person as the programme sees them.
    fn facts(&self, book: &DoseBook, registration: &Registration) -> Result<PersonFacts, Rejected> {
        if self.declared.cohorts.len() > DECLARED_MAX || self.declared.contraindications.len() > DECLARED_MAX {
            return Err(LIMIT_REACHED.with("limit", DECLARED_MAX).with("of", "declared facts"));
        }
        let born = match registration {
            Registration::At(registered) => registered.born_on.get().map(|born_on| born_on.0),
            Registration::Unregistered => None,
        };
        Ok(self.declared.added_to(book.facts(born.ok_or(&NOT_REGISTERED)?, None)))
    }

    /// The decision of the programme about one appointment.
    fn booked(
        &self,
        id: &ProgrammeId,
        programme: &Programme,
        number: u8,
        time: &BookedTime,
        (book, diary): (&DoseBook, &Diary),
        context: &Context,
    ) -> Result<DoseBooked, Rejected> {
        if let Some(known) = book.appointment(id, number, diary, context.now) {
            let (session, starts_at) = (known.session.to_string(), known.starts_at.to_string());
            return Err(DOSE_BOOKED.with("session", session).with("startsAt", starts_at));
        }
        book.may_record()?;
        Ok(DoseBooked {
            subject: self.patient,
            programme: id.clone(),
            edition: programme.edition(),
            content_hash: programme.content_hash(),
            number,
            session: time.session.clone(),
            starts_at: time.starts_at,
            declared: self.declared.clone().into(),
            booked_at: context.now,
        })
    }
}

/// A clinic session with the settings of its site, and the diary of the patient.
#[derive(Clone, Copy)]
struct VaccinationPlace<'a> {
    session: &'a Session,
    practice: &'a Practice,
    diary: &'a Diary,
    patient: SubjectId,
}

impl VaccinationPlace<'_> {
    fn time(&self, starts_at: Timestamp, context: &Context) -> Result<BookedTime, Rejected> {
        self.session.clinic()?.time_of(starts_at, &[], self.practice.settings()?, context.now)
    }

    /// The booking of this time, in the session and in the diary.
    fn book(&self, time: &BookedTime, context: &Context) -> Result<(SlotTaken, AppointmentBooked), Rejected> {
        let (clinic, now) = (self.session.clinic()?, context.now);
        clinic.has_to_be_released(context)?;
        clinic.has_room(time, self.patient, None, now)?;
        self.diary.has_room_for(time, None, self.practice.settings()?, context)?;
        let taken = SlotTaken { session: time.session.clone(), starts_at: time.starts_at, by: self.patient };
        let booked = AppointmentBooked {
            patient: self.patient,
            version: self.diary.next_version(time),
            reason: None,
            comment: None,
            time: time.clone(),
            booked_at: Some(now),
        };
        Ok((taken, booked))
    }
}

/// The number of the dose that the programme offers the person at this appointment.
fn dose_on(programme: &Programme, facts: &PersonFacts, time: &BookedTime) -> Result<u8, Rejected> {
    let (why, from) = match eligibility(programme, facts, LONDON.day(time.starts_at), Some(&time.session.site())) {
        Eligibility::Eligible { dose, .. } => return Ok(dose),
        Eligibility::NotYet { from, why } => (why, Some(from)),
        Eligibility::Not { why, .. } => (why, None),
    };
    // Rejections are remembered in clear, so that they name nothing that the person declared.
    let reason = if why.contraindication().is_some() { "declared" } else { why.code() };
    let rejected = NOT_ELIGIBLE.with("reason", reason);
    Err(match from {
        Some(from) => rejected.with("from", from.to_string()),
        None => rejected,
    })
}

/// The number of the second dose, if its appointment is on one of the days for it.
fn second_dose_on(
    programme: &Programme,
    facts: &PersonFacts,
    first: &BookedTime,
    second: &BookedTime,
) -> Result<u8, Rejected> {
    if second.service != first.service {
        return Err(SECOND_DOSE_MISPLACED.with("why", "the two appointments are of different programmes"));
    }
    let (day, site) = (LONDON.day(first.starts_at), second.session.site());
    let days = together(programme, facts, day, Some(&site));
    let SecondDates { dose, from, until } = days.map_err(|why| SECOND_DOSE_MISPLACED.with("why", why.to_string()))?;
    if (from..=until).contains(&LONDON.day(second.starts_at)) {
        return Ok(dose);
    }
    Err(SECOND_DOSE_MISPLACED.with("from", from.to_string()).with("until", until.to_string()))
}

#[cfg(test)]
mod specs {
    use event_core::LocalDate;
    use vocabulary::{
        appointments::{SessionEvent, SessionPublished},
        practices::PracticeSettings,
        registrations::RegistrationEvent,
        vaccinations::DeclaredFact,
    };

    use super::*;
    use crate::{
        appointments::{BookAppointment, diary::CHANGES_A_DAY_MAX, rejections::BOOK_BY_PROGRAMME},
        spec::*,
        vaccinations::{dose_book::RECORDS_MAX, scenes::recorded},
    };

    const BOOKED: [&str; 3] = ["appointment.slot-taken.v1", "appointment.booked.v1", "dose.booked.v1"];
    /// A month into the campaign of first doses.
    const MAY: &str = "2026-05-04T08:00:00Z";

    fn session(number: u32) -> SessionId {
        format!("A12345.{number:012}").parse().expect("a session")
    }

    /// A clinic of vaccinations from nine to half past on this day.
    fn vaccinations(number: u32, on: &str) -> SessionPublished {
        let SessionEvent::Published(plan) = published(clinic(), 1) else { panic!("it is published") };
        let mut plan = plan;
        let on: LocalDate = on.parse().expect("a day");
        let days = on.days_since(LONDON.day(plan.timetable.starts_at));
        plan.session = session(number);
        plan.on = on;
        plan.timetable.starts_at = plan.timetable.starts_at.plus_days(days);
        plan.timetable.ends_at = plan.timetable.ends_at.plus_days(days);
        plan.service = "vaccination-covid-19".parse().expect("a service");
        plan
    }

    fn start(number: u32, on: &str) -> Timestamp {
        vaccinations(number, on).timetable.starts_at
    }

    /// Two clinics, and an Alice of 80 years that is registered elsewhere.
    fn hall() -> World {
        let settings = PracticeSettings { booking_window_days: 90, ..PracticeSettings::default() };
        let RegistrationEvent::Registered(mut registered) = registered(alice(), "1946-02-28");
        registered.practice = "B54321".parse().expect("a code");
        world()
            .at(MAY)
            .given(practice_opened(settings))
            .given(registered)
            .given(vaccinations(1, "2026-05-11"))
            .given(vaccinations(2, "2026-07-13"))
            .given(vaccinations(3, "2026-05-12"))
    }

    fn book() -> BookVaccination {
        BookVaccination {
            patient: alice(),
            session: session(1),
            starts_at: start(1, "2026-05-11"),
            declared: DeclaredFacts::default(),
            second: None,
        }
    }

    fn second(number: u32, on: &str) -> Option<SecondAppointment> {
        Some(SecondAppointment { session: session(number), starts_at: start(number, on) })
    }

    #[test]
    fn a_person_that_is_registered_elsewhere_books_the_dose_that_the_programme_offers_once() {
        hall().when(book()).records_kinds(&BOOKED).when(book()).nothing_new();
    }

    #[test]
    fn both_doses_are_booked_in_one_step_or_neither() {
        let both = || BookVaccination { second: second(2, "2026-07-13"), ..book() };
        hall().when(both()).records_kinds(&[BOOKED, BOOKED].concat()).when(both()).nothing_new();
        let too_soon = BookVaccination { second: second(3, "2026-05-12"), ..book() };
        let members = hall().when(too_soon).rejected_with(&SECOND_DOSE_MISPLACED);
        assert_eq!((members["from"].as_str(), members["until"].as_str()), (Some("2026-07-06"), Some("2026-08-03")));
        let slot = start(2, "2026-07-13");
        let taken = SlotTaken { session: session(2), starts_at: slot, by: bob() };
        hall().given(taken).when(both()).rejected(&SLOT_TAKEN);
    }

    #[test]
    fn both_appointments_count_towards_the_limits_of_the_person() {
        let both = || BookVaccination { second: second(2, "2026-07-13"), ..book() };
        let most = |open_bookings_max| {
            settings_changed(PracticeSettings {
                open_bookings_max,
                booking_window_days: 90,
                ..PracticeSettings::default()
            })
        };
        let members = hall().given(most(1)).when(both()).rejected_with(&LIMIT_REACHED);
        assert_eq!((members["limit"].as_u64(), members["of"].as_str()), (Some(1), Some("open bookings")));
        hall().given(most(2)).when(both()).records_kinds(&[BOOKED, BOOKED].concat());

        let members = busy(CHANGES_A_DAY_MAX - 1).when(both()).rejected_with(&LIMIT_REACHED);
        assert_eq!(members["of"], "changes a day");
        busy(CHANGES_A_DAY_MAX - 2).when(both()).records_kinds(&[BOOKED, BOOKED].concat());

        let with_records = |count| (0..count).fold(hall(), |world, _| world.given(booked_before()));
        with_records(RECORDS_MAX - 1).when(both()).rejected(&TOO_MANY_DOSES);
        with_records(RECORDS_MAX - 2).when(both()).records_kinds(&[BOOKED, BOOKED].concat());
    }

    /// The hall, with so many changes of bookings of Alice today, all of clinics that are over.
    fn busy(changes: u32) -> World {
        let (nine, ten_past) = ("2026-03-09T09:00:00Z", "2026-03-09T09:10:00Z");
        let event = |number| AppointmentBooked {
            patient: alice(),
            time: time(session(number), nine, ten_past),
            reason: None,
            comment: None,
            version: 1,
            booked_at: Some(at(MAY)),
        };
        (10..10 + changes).fold(hall(), |world, number| world.given(event(number)))
    }

    /// An appointment for a dose that does not stand any more.
    fn booked_before() -> DoseBooked {
        DoseBooked {
            subject: alice(),
            programme: "covid-19".parse().expect("a programme"),
            edition: 1,
            content_hash: CATALOGUE.newest("covid-19").expect("a programme").content_hash(),
            number: 1,
            session: session(9),
            starts_at: at(NINE),
            declared: DeclaredFacts::default().into(),
            booked_at: at(NOW),
        }
    }

    #[test]
    fn a_person_outside_the_campaign_is_refused_with_the_reason_and_the_first_day() {
        let young = |born: &str| {
            let registered = registered(alice(), born);
            hall().given(registered).when(book()).rejected_with(&NOT_ELIGIBLE)
        };
        let members = young("1980-02-29");
        assert_eq!((members["reason"].as_str(), members.get("from")), (Some("not-in-group"), None));
        let members = young("1951-06-01");
        assert_eq!(
            (members["reason"].as_str(), members["from"].as_str()),
            (Some("not-of-age-yet"), Some("2026-06-01"))
        );
        let cohorts = vec!["weak-immune-system".parse().expect("an id")];
        let declared = DeclaredFacts { cohorts, ..DeclaredFacts::default() };
        let of_cohort = BookVaccination { declared, ..book() };
        hall().given(registered(alice(), "1980-02-29")).when(of_cohort).records_kinds(&BOOKED);
    }

    #[test]
    fn a_rejection_names_nothing_that_the_person_declared() {
        let programme = CATALOGUE.newest("covid-19").expect("a programme");
        let id = programme.document().contraindications[0].id.parse().expect("an id");
        let contraindications = vec![DeclaredFact { id, on: None }];
        let declared = DeclaredFacts { contraindications, ..DeclaredFacts::default() };
        let members = hall().when(BookVaccination { declared, ..book() }).rejected_with(&NOT_ELIGIBLE);
        assert_eq!(members["reason"], "declared");
    }

    #[test]
    fn a_dose_has_one_open_appointment_and_the_next_one_waits_for_its_interval() {
        let again = BookVaccination { session: session(3), starts_at: start(3, "2026-05-12"), ..book() };
        hall().when(book()).records_kinds(&BOOKED).when(again.clone()).rejected(&DOSE_BOOKED);
        let given = hall().given(recorded(1, 1)).when(again);
        given.records_kinds(&BOOKED);
    }

    #[test]
    fn vaccinations_are_booked_by_their_programme_and_other_appointments_are_not() {
        let other = BookVaccination { session: clinic(), starts_at: at(NINE), ..book() };
        surgery().when(other).rejected(&NOT_A_VACCINATION);
        let by_hand = BookAppointment {
            session: session(1),
            starts_at: start(1, "2026-05-11"),
            more_slots: vec![],
            patient: alice(),
            reason: None,
            comment: None,
            confirms_hold: false,
        };
        let here = hall().given(registered(alice(), "1946-02-28"));
        here.when(by_hand).rejected(&BOOK_BY_PROGRAMME);
    }
}
