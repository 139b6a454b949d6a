//! The review of a dose by its programme, and the relationship of a site with a person.

use event_core::{LocalDate, OrganisationCode, Rejected};
use programmes::{CATALOGUE, DoseFault, NewDose, OutsideSchedule, PersonFacts, VaccineRoute, review_dose};
use vocabulary::{registrations::Registration, time::LONDON, vaccinations::DoseFacts};

use super::rejections::{DOSE_GIVEN, DOSE_INVALID, NOT_A_PERSON_HERE, NOT_REGISTERED, PROGRAMME_NOT_FOUND};
use crate::appointments::Diary;

/// A dose that its programme has no fault to find with: the edition that reviewed it, and the deviations from the schedule.
pub struct ReviewedDose {
    pub edition: u32,
    pub deviations: Vec<OutsideSchedule>,
}

/// Reviews a dose by the newest edition of its programme.
///
/// # Errors
/// `programme-not-found`; `dose-given` for the same dose twice; `dose-invalid` for other faults.
pub fn reviewed(
    given: &DoseFacts,
    route: VaccineRoute,
    facts: &PersonFacts,
    today: LocalDate,
) -> Result<ReviewedDose, Rejected> {
    let programme = CATALOGUE.newest(given.programme.as_str()).ok_or(&PROGRAMME_NOT_FOUND)?;
    let dose = NewDose {
        vaccine: given.vaccine.to_string(),
        number: given.number,
        lot: given.lot.clone(),
        expiry: given.expires_on,
        on: given.given_on,
        route,
        site: given.site.clone(),
    };
    match review_dose(programme, facts, &dose, today) {
        Ok(deviations) => Ok(ReviewedDose { edition: programme.document().edition, deviations }),
        Err(faults) => {
            let is_repeat =
                faults.iter().any(|fault| matches!(fault, DoseFault::NumberGiven { .. } | DoseFault::DayGiven { .. }));
            let rejection = if is_repeat { &DOSE_GIVEN } else { &DOSE_INVALID };
            Err(rejection.with("faults", faults.iter().map(ToString::to_string).collect::<Vec<_>>()))
        }
    }
}

/// The date of birth of a person of this site: one that is registered here, or has an appointment here on the day of the dose.
///
/// # Errors
/// `not-a-person-here`, `not-registered`.
pub fn born_of_person_here(
    site: &OrganisationCode,
    on: LocalDate,
    registration: &Registration,
    diary: &Diary,
) -> Result<LocalDate, Rejected> {
    let is_registered_here = registration.practice() == Some(site);
    let comes_here = || diary.comes_to(site, |starts_at| LONDON.day(starts_at) == on);
    if !is_registered_here && !comes_here() {
        return Err((&NOT_A_PERSON_HERE).into());
    }
    let born = match registration {
        Registration::At(registered) => registered.born_on.get().map(|born_on| born_on.0),
        Registration::Unregistered => None,
    };
    born.ok_or_else(|| (&NOT_REGISTERED).into())
}
