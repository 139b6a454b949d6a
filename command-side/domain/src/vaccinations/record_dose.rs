use event_core::{LocalDate, OrganisationCode, SubjectId};
use programmes::{LotNumber, OutsideSchedule, VaccineRoute};
use vocabulary::{
    registrations::Registration,
    time::LONDON,
    vaccinations::{
        DoseDetails, DoseFacts, DoseId, DoseLotFlagged, DoseRecorded, ProgrammeId, VaccinatorName, VaccineId,
    },
};

use super::{
    dose_book::DoseBook,
    lot_standing::LotStanding,
    rejections::{
        DOSE_EXISTS, DOSE_GIVEN, DOSE_INVALID, NOT_A_PERSON_HERE, NOT_REGISTERED, PROGRAMME_NOT_FOUND, TOO_MANY_DOSES,
    },
    review::{born_of_person_here, reviewed},
};
use crate::{appointments::Diary, prelude::*};

/// Record a dose that was given to a person. A dose outside the schedule of its programme is recorded with the deviations; the same
/// dose twice, and a lot that had expired, are refused.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordDose {
    pub subject: SubjectId,
    /// A new id of the dose.
    pub dose: DoseId,
    pub given: GivenVaccine,
}

/// A dose as the carton and the clinic say it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GivenVaccine {
    pub programme: ProgrammeId,
    /// In a programme with seasons, in the season of its day.
    #[schemars(range(min = 1, max = 9))]
    pub number: u8,
    pub vaccine: VaccineId,
    pub lot: LotNumber,
    /// The last day on which the lot may be used. A carton that names a month means its last day.
    pub expires_on: LocalDate,
    pub given_on: LocalDate,
    /// Where it was given.
    pub site: OrganisationCode,
    pub route: VaccineRoute,
    /// The member of staff that gave it.
    pub given_by: VaccinatorName,
}

impl GivenVaccine {
    pub fn facts(&self) -> DoseFacts {
        DoseFacts {
            programme: self.programme.clone(),
            number: self.number,
            vaccine: self.vaccine.clone(),
            lot: self.lot.clone(),
            expires_on: self.expires_on,
            given_on: self.given_on,
            site: self.site.clone(),
        }
    }

    /// The part that is sealed.
    pub fn details(&self, deviations: Vec<OutsideSchedule>) -> DoseDetails {
        DoseDetails { route: self.route, given_by: self.given_by.clone(), deviations }
    }

    /// True if this is what the record says.
    pub fn is(&self, facts: &DoseFacts, details: Option<&DoseDetails>) -> bool {
        let same = |details: &DoseDetails| details.route == self.route && details.given_by == self.given_by;
        *facts == self.facts() && details.is_some_and(same)
    }
}

impl Command for RecordDose {
    const NAME: &'static str = "record-dose";
    const WHO: &'static dyn AccessRule = &staff(Permission::Vaccinating);
    const REJECTIONS: &'static [&'static Rejection] = &[
        &NOT_A_PERSON_HERE,
        &NOT_REGISTERED,
        &PROGRAMME_NOT_FOUND,
        &DOSE_EXISTS,
        &DOSE_GIVEN,
        &DOSE_INVALID,
        &TOO_MANY_DOSES,
    ];
    type Reads = (DoseBook, Registration, Diary, LotStanding);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    /// None: the person can be registered elsewhere. An appointment at the site on the day of the dose is the relationship.
    fn answers_for(&self) -> Option<SubjectId> {
        None
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.given.site.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        let lot = Stream::of(self.given.facts().vaccine_lot());
        (Stream::of(self.subject), Stream::of(self.subject), Stream::of(self.subject), lot)
    }

    fn decide(
        &self,
        (book, registration, diary, lot): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let (given, now) = (self.given.facts(), context.now);
        let born = born_of_person_here(&given.site, given.given_on, registration, diary)?;
        if let Some(known) = book.dose(&self.dose) {
            let same = !known.is_void && self.given.is(&known.given, known.details.get());
            return if same { Ok(nothing_new()) } else { Err((&DOSE_EXISTS).into()) };
        }
        let review = reviewed(&given, self.given.route, &book.facts(born, None), LONDON.day(now))?;
        book.may_record()?;
        let (subject, dose) = (self.subject, self.dose.clone());
        let flagged = (*lot == LotStanding::Recalled).then(|| DoseLotFlagged {
            subject,
            dose: dose.clone(),
            lot: given.vaccine_lot(),
            flagged_at: now,
        });
        let details = self.given.details(review.deviations).into();
        let recorded = DoseRecorded { subject, dose, given, edition: review.edition, details, recorded_at: now };
        Ok(record(recorded).and_all(flagged))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        spec::*,
        vaccinations::scenes::{clinic_of_alice, dose, given, lot_recalled, of_today, recorded},
    };

    const RECORDED: [&str; 1] = ["dose.recorded.v1"];

    #[test]
    fn a_dose_of_a_registered_person_is_recorded_once() {
        let record = || RecordDose { subject: alice(), dose: dose(1), given: of_today(1) };
        clinic_of_alice().when(record()).records_kinds(&RECORDED).when(record()).nothing_new();
    }

    #[test]
    fn the_same_dose_twice_is_refused_under_any_id() {
        let again = RecordDose { subject: alice(), dose: dose(2), given: of_today(1) };
        clinic_of_alice().given(recorded(1, 1)).when(again).rejected(&DOSE_GIVEN);
        let other = GivenVaccine { lot: "EL9999".parse().expect("a lot"), ..of_today(1) };
        let same_id = RecordDose { subject: alice(), dose: dose(1), given: other };
        clinic_of_alice().given(recorded(1, 1)).when(same_id).rejected(&DOSE_EXISTS);
    }

    #[test]
    fn a_lot_that_had_expired_and_a_vaccine_of_another_programme_are_refused() {
        let expired = GivenVaccine { expires_on: "2026-03-01".parse().expect("a day"), ..of_today(1) };
        let unknown = GivenVaccine { vaccine: "tap-water".parse().expect("a vaccine"), ..of_today(1) };
        for (given, words) in [(expired, "the lot expired on 2026-03-01"), (unknown, "no vaccine `tap-water`")] {
            let record = RecordDose { subject: alice(), dose: dose(1), given };
            let members = clinic_of_alice().when(record).rejected_with(&DOSE_INVALID);
            assert!(members["faults"][0].as_str().is_some_and(|fault| fault.contains(words)), "{members:?}");
        }
        let programme = GivenVaccine { programme: "plague".parse().expect("a programme"), ..of_today(1) };
        let record = RecordDose { subject: alice(), dose: dose(1), given: programme };
        clinic_of_alice().when(record).rejected(&PROGRAMME_NOT_FOUND);
    }

    #[test]
    fn a_site_records_doses_of_its_patients_and_of_people_with_an_appointment_there_that_day() {
        let elsewhere = GivenVaccine { site: "V81999".parse().expect("a code"), ..of_today(1) };
        let record = RecordDose { subject: alice(), dose: dose(1), given: elsewhere.clone() };
        clinic_of_alice().when(record.clone()).rejected(&NOT_A_PERSON_HERE);
        let today = time("V81999.000000000001".parse().expect("a session"), NOW, "2026-03-02T08:10:00Z");
        clinic_of_alice().given(booked(alice(), today)).when(record.clone()).records_kinds(&RECORDED);
        let tomorrow =
            time("V81999.000000000001".parse().expect("a session"), "2026-03-03T08:00:00Z", "2026-03-03T08:10:00Z");
        clinic_of_alice().given(booked(alice(), tomorrow)).when(record).rejected(&NOT_A_PERSON_HERE);
        let of_bob = RecordDose { subject: bob(), dose: dose(1), given: of_today(1) };
        world().when(of_bob).rejected(&NOT_A_PERSON_HERE);
    }

    #[test]
    fn a_dose_of_a_lot_that_was_recalled_before_is_recorded_and_flagged() {
        let record = RecordDose { subject: alice(), dose: dose(1), given: given(1, "2026-03-02") };
        let flagged = ["dose.recorded.v1", "dose.lot-flagged.v1"];
        clinic_of_alice().given(lot_recalled()).when(record).records_kinds(&flagged);
    }
}
