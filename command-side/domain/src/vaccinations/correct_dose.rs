use event_core::{LocalDate, OrganisationCode, SubjectId};
use vocabulary::{
    registrations::Registration,
    time::LONDON,
    vaccinations::{
        DoseCorrected, DoseFacts, DoseId, DoseLotFlagged, DoseReason, ProgrammeId, RevocationCause, VaccineId,
    },
};

use super::{
    dose_book::DoseBook,
    lot_standing::LotStanding,
    pass_book::PassBook,
    record_dose::GivenVaccine,
    rejections::{
        DOSE_GIVEN, DOSE_INVALID, DOSE_NOT_FOUND, DOSE_VOID, NOT_A_PERSON_HERE, NOT_REGISTERED, PROGRAMME_NOT_FOUND,
        TOO_MANY_DOSES,
    },
    review::{born_of_person_here, reviewed},
};
use crate::{appointments::Diary, prelude::*};

/// Correct the record of a dose. Only the site that recorded it does this, and it stays the site of the dose.
/// Passes that say something else are revoked.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CorrectDose {
    pub subject: SubjectId,
    pub dose: DoseId,
    /// The dose as it was given.
    pub given: GivenVaccine,
    pub reason: DoseReason,
}

impl Command for CorrectDose {
    const NAME: &'static str = "correct-dose";
    const WHO: &'static dyn AccessRule = &staff(Permission::Vaccinating);
    const REJECTIONS: &'static [&'static Rejection] = &[
        &DOSE_NOT_FOUND,
        &DOSE_VOID,
        &NOT_A_PERSON_HERE,
        &NOT_REGISTERED,
        &PROGRAMME_NOT_FOUND,
        &DOSE_GIVEN,
        &DOSE_INVALID,
        &TOO_MANY_DOSES,
    ];
    type Reads = (DoseBook, Registration, Diary, LotStanding, PassBook);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    /// None: the person can be registered elsewhere. The dose that the site recorded is the relationship.
    fn answers_for(&self) -> Option<SubjectId> {
        None
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.given.site.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        let lot = Stream::of(self.given.facts().vaccine_lot());
        (Stream::of(self.subject), Stream::of(self.subject), Stream::of(self.subject), lot, Stream::of(self.subject))
    }

    fn decide(
        &self,
        (book, registration, diary, lot, passes): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let (given, now) = (self.given.facts(), context.now);
        let known = book.of_site(&self.dose, &given.site)?;
        if self.given.is(&known.given, known.details.get()) {
            return Ok(nothing_new());
        }
        // The day on which the person was here is that of the record. A wrong day can be corrected.
        let born = born_of_person_here(&given.site, known.given.given_on, registration, diary)?;
        let others = book.facts(born, Some(&self.dose));
        let review = reviewed(&given, self.given.route, &others, LONDON.day(now))?;
        book.may_record()?;
        let (subject, dose) = (self.subject, self.dose.clone());
        let revoked = match said_by_pass(&given) == said_by_pass(&known.given) {
            true => Vec::new(),
            false => passes.revocations(subject, &dose, RevocationCause::DoseCorrected, now),
        };
        let is_recalled = *lot == LotStanding::Recalled && known.flagged.as_ref() != Some(&given.vaccine_lot());
        let flagged = is_recalled.then(|| DoseLotFlagged {
            subject,
            dose: dose.clone(),
            lot: given.vaccine_lot(),
            flagged_at: now,
        });
        let corrected = DoseCorrected {
            subject,
            dose,
            given,
            edition: review.edition,
            details: self.given.details(review.deviations).into(),
            reason: self.reason.clone().into(),
            corrected_at: now,
        };
        Ok(record(corrected).and_all(flagged).and_all(revoked))
    }
}

/// The facts of a dose that are in its passes.
fn said_by_pass(given: &DoseFacts) -> (&ProgrammeId, u8, &VaccineId, LocalDate) {
    (&given.programme, given.number, &given.vaccine, given.given_on)
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        spec::*,
        vaccinations::{
            record_dose::RecordDose,
            scenes::{clinic_of_alice, dose, lot_recalled, of_today, recorded},
            void_dose::VoidDose,
        },
    };

    fn correct(id: u32, given: GivenVaccine) -> CorrectDose {
        CorrectDose { subject: alice(), dose: dose(id), given, reason: "A typing error".parse().expect("a reason") }
    }

    #[test]
    fn a_record_is_corrected_and_an_equal_one_is_nothing_new() {
        let other = GivenVaccine { lot: "EL9999".parse().expect("a lot"), ..of_today(1) };
        let world = clinic_of_alice().given(recorded(1, 1));
        world.clone().when(correct(1, of_today(1))).nothing_new();
        world
            .when(correct(1, other.clone()))
            .records_kinds(&["dose.corrected.v1"])
            .when(correct(1, other))
            .nothing_new();
    }

    #[test]
    fn a_correction_is_reviewed_without_the_dose_itself() {
        let invalid = GivenVaccine { number: 3, ..of_today(1) };
        clinic_of_alice().given(recorded(1, 1)).when(correct(1, invalid)).rejected(&DOSE_INVALID);
    }

    #[test]
    fn another_site_and_an_unknown_dose_are_refused() {
        let elsewhere = GivenVaccine { site: "V81999".parse().expect("a code"), ..of_today(1) };
        let world = clinic_of_alice().given(recorded(1, 1));
        world.clone().when(correct(1, elsewhere)).rejected(&DOSE_NOT_FOUND);
        world.when(correct(2, of_today(1))).rejected(&DOSE_NOT_FOUND);
    }

    #[test]
    fn a_void_record_is_not_corrected_and_its_dose_can_be_recorded_again() {
        let reason = "Another person".parse().expect("a reason");
        let void = VoidDose { subject: alice(), dose: dose(1), site: site(), reason };
        let world = clinic_of_alice().given(recorded(1, 1)).when(void).records_kinds(&["dose.voided.v1"]);
        world.clone().when(correct(1, of_today(1))).rejected(&DOSE_VOID);
        let again = RecordDose { subject: alice(), dose: dose(2), given: of_today(1) };
        world.when(again).records_kinds(&["dose.recorded.v1"]);
    }

    #[test]
    fn a_correction_to_a_recalled_lot_is_flagged() {
        let other = GivenVaccine { lot: "EL9999".parse().expect("a lot"), ..of_today(1) };
        let world = clinic_of_alice().given(recorded(1, 1)).given(lot_recalled());
        let world = world.when(correct(1, other)).records_kinds(&["dose.corrected.v1"]);
        world.when(correct(1, of_today(1))).records_kinds(&["dose.corrected.v1", "dose.lot-flagged.v1"]);
    }
}
