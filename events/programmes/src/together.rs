//! Two doses that are booked in one step: the days for the second one.

use event_core::{LocalDate, OrganisationCode};

use crate::{
    day::DayQuestion,
    eligibility::{Eligibility, eligibility},
    facts::{GivenDose, PersonFacts},
    programme::Programme,
};

/// The days on which the second appointment can be, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondDates {
    /// The number of the second dose.
    pub dose: u8,
    pub from: LocalDate,
    pub until: LocalDate,
}

/// Why two doses cannot be booked in one step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTogether {
    #[error("the programme books no two doses together")]
    NotInProgramme,
    #[error("the next dose of the person is not the first of the two")]
    OtherDose { dose: u8 },
    #[error("the person cannot have the first dose on this day")]
    FirstNotEligible(Eligibility),
    #[error("there is no day for the second dose that is not too late")]
    NoSecondDay,
}

/// The days for the second dose if the first one is given on `first`: the first days in a row on which the person is eligible for
/// it, within the programme's minimum and maximum, whichever of the vaccines the first dose is.
///
/// # Errors
/// The programme does not book two doses together, the person's next dose is another one or not on that day, or no day is left.
pub fn together(
    programme: &Programme,
    facts: &PersonFacts,
    first: LocalDate,
    site: Option<&OrganisationCode>,
) -> Result<SecondDates, NotTogether> {
    let pair = programme.document().book_together.ok_or(NotTogether::NotInProgramme)?;
    let vaccines = match eligibility(programme, facts, first, site) {
        Eligibility::Eligible { dose, vaccines, .. } if dose == pair.first => vaccines,
        Eligibility::Eligible { dose, .. } => return Err(NotTogether::OtherDose { dose }),
        not @ (Eligibility::NotYet { .. } | Eligibility::Not { .. }) => return Err(NotTogether::FirstNotEligible(not)),
    };
    let after_first: Vec<PersonFacts> = vaccines
        .into_iter()
        .map(|vaccine| {
            let mut facts = facts.clone();
            let programme = programme.id().to_owned();
            facts.doses.push(GivenDose { programme, number: pair.first, vaccine, on: first });
            facts
        })
        .collect();
    let is_second = |day: LocalDate| {
        after_first.iter().all(|facts| {
            let offer = DayQuestion { programme, facts, site }.offer(day);
            offer.is_ok_and(|offer| offer.dose == pair.second)
        })
    };
    let days = (pair.minimum_days..=pair.maximum_days).map(|days| first.plus_days(i64::from(days)));
    let mut days = days.skip_while(|day| !is_second(*day));
    let from = days.next().ok_or(NotTogether::NoSecondDay)?;
    let until = days.take_while(|day| is_second(*day)).last().unwrap_or(from);
    Ok(SecondDates { dose: pair.second, from, until })
}
