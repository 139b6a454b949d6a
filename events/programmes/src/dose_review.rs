//! The review of a dose before it is recorded: faults that refuse it, and deviations from the schedule that are recorded with it.

use event_core::{LocalDate, OrganisationCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    age::AgeLimit,
    day::DayQuestion,
    document::DOSE_MAX,
    facts::{GivenDose, PersonFacts},
    lot::LotNumber,
    obstacle::Obstacle,
    programme::Programme,
    vaccine::{Vaccine, VaccineRoute},
};

/// A dose of the programme that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDose {
    /// The vaccine's id.
    pub vaccine: String,
    /// From 1; in a programme with seasons, in the season of its day.
    pub number: u8,
    pub lot: LotNumber,
    /// The last day on which the lot may be used. A package that names a month means its last day.
    pub expiry: LocalDate,
    pub on: LocalDate,
    pub route: VaccineRoute,
    pub site: OrganisationCode,
}

/// A fault for which a dose is not recorded. Each is most likely a mistake in the record, which is corrected and sent again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "fault", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum DoseFault {
    #[error("the programme has no vaccine `{vaccine}`")]
    UnknownVaccine { vaccine: String },
    #[error("the vaccine is not given by this route: {route}")]
    RouteNotOfVaccine { route: VaccineRoute },
    #[error("the day of the dose, {on}, is in the future")]
    InTheFuture { on: LocalDate },
    #[error("the day of the dose, {on}, is before the birth")]
    BeforeBirth { on: LocalDate },
    #[error("the lot expired on {expiry}, before the day of the dose")]
    LotExpired { expiry: LocalDate },
    #[error("the number of a dose is 1 to 9, not {number}")]
    NumberOutOfRange { number: u8 },
    /// The same dose twice.
    #[error("dose {number} was given on {on}")]
    NumberGiven { number: u8, on: LocalDate },
    /// The same dose twice, with another number.
    #[error("dose {number} of this programme was given on the same day")]
    DayGiven { number: u8 },
    /// The doses before are recorded first.
    #[error("dose {number} is not recorded: there is no dose {missing}")]
    NumberSkips { number: u8, missing: u8 },
    #[error("dose {other} was given on {on}, which does not fit the order of the numbers")]
    OrderReversed { other: u8, on: LocalDate },
}

/// A deviation from the programme. The dose was given nevertheless, so it is recorded, with these reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "deviation", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum OutsideSchedule {
    /// The schedule ends before this number.
    NumberNotScheduled {
        number: u8,
    },
    /// The dose is to be another vaccine.
    VaccineNotForDose {
        vaccine: String,
    },
    BelowMinimumAge {
        at_least: AgeLimit,
    },
    /// The age is not one of those of the vaccine.
    OutsideAgesOfVaccine {
        vaccine: String,
    },
    /// So many days had to pass since the dose before.
    BeforeInterval {
        days: u16,
        since: LocalDate,
    },
    /// The course was begun with a vaccine that is not mixed with this one.
    Mixed {
        before: String,
    },
    /// A contraindication was declared that excluded or deferred the dose.
    Contraindicated {
        contraindication: String,
    },
    /// No campaign offered the dose to this person on this day at this site.
    OutsideCampaigns {
        obstacle: Obstacle,
    },
}

/// Reviews a dose against the programme and the doses so far, in the order of the fields. To correct a dose, leave the one that
/// is corrected out of the facts.
///
/// # Errors
/// The faults for which the dose is not recorded, at least one.
pub fn review_dose(
    programme: &Programme,
    facts: &PersonFacts,
    dose: &NewDose,
    today: LocalDate,
) -> Result<Vec<OutsideSchedule>, Vec<DoseFault>> {
    let mut faults = Vec::new();
    let vaccine = programme.vaccine(&dose.vaccine);
    match vaccine {
        None => faults.push(DoseFault::UnknownVaccine { vaccine: dose.vaccine.clone() }),
        Some(vaccine) if !vaccine.routes.contains(&dose.route) => {
            faults.push(DoseFault::RouteNotOfVaccine { route: dose.route });
        }
        Some(_) => {}
    }
    if dose.on > today {
        faults.push(DoseFault::InTheFuture { on: dose.on });
    }
    if dose.on < facts.born {
        faults.push(DoseFault::BeforeBirth { on: dose.on });
    }
    if dose.on > dose.expiry {
        faults.push(DoseFault::LotExpired { expiry: dose.expiry });
    }
    faults.extend(number_fault(programme, facts, dose));
    match vaccine.filter(|_| faults.is_empty()) {
        Some(vaccine) => Ok(deviations(programme, facts, dose, vaccine)),
        None => Err(faults),
    }
}

fn number_fault(programme: &Programme, facts: &PersonFacts, dose: &NewDose) -> Option<DoseFault> {
    let (number, on) = (dose.number, dose.on);
    if !(1..=DOSE_MAX).contains(&number) {
        return Some(DoseFault::NumberOutOfRange { number });
    }
    let counted: Vec<&GivenDose> = programme.counted(facts, on).collect();
    let given = |number| counted.iter().find(|dose| dose.number == number);
    if let Some(given) = given(number) {
        return Some(DoseFault::NumberGiven { number, on: given.on });
    }
    if let Some(same_day) = programme.own(facts).find(|dose| dose.on == on) {
        return Some(DoseFault::DayGiven { number: same_day.number });
    }
    // A number below the highest one fills a gap: the dose was given elsewhere, and is recorded afterwards.
    let next = counted.iter().map(|dose| dose.number).max().unwrap_or(0).saturating_add(1);
    if number > next {
        return Some(DoseFault::NumberSkips { number, missing: next });
    }
    let reversed = counted.iter().find(|other| (other.number < number) != (other.on < on));
    reversed.map(|other| DoseFault::OrderReversed { other: other.number, on: other.on })
}

fn deviations(programme: &Programme, facts: &PersonFacts, dose: &NewDose, vaccine: &Vaccine) -> Vec<OutsideSchedule> {
    // The person as on the day: doses that were given later do not count.
    let mut then = facts.clone();
    then.doses.retain(|given| given.on < dose.on);
    let question = DayQuestion { programme, facts: &then, site: Some(&dose.site) };
    let (mut found, on) = (Vec::new(), dose.on);
    let last = question.last_dose();
    match programme.scheduled(dose.number) {
        None => found.push(OutsideSchedule::NumberNotScheduled { number: dose.number }),
        Some(scheduled) => {
            let is_of_dose = scheduled.vaccines.contains(&vaccine.id);
            if !is_of_dose {
                found.push(OutsideSchedule::VaccineNotForDose { vaccine: vaccine.id.clone() });
            }
            if on < scheduled.minimum_age.reached_on(facts.born) {
                found.push(OutsideSchedule::BelowMinimumAge { at_least: scheduled.minimum_age });
            }
            let days = scheduled.days_min();
            if let Some(last) = last.filter(|last| on < last.on.plus_days(i64::from(days))) {
                found.push(OutsideSchedule::BeforeInterval { days, since: last.on });
            }
            let before = last.and_then(|last| programme.vaccine(&last.vaccine)).filter(|before| {
                scheduled.vaccines.contains(&before.id)
                    && before.ages.contains(facts.born, on)
                    && before.id != vaccine.id
            });
            if let Some(before) = before.filter(|before| is_of_dose && !(before.may_be_mixed && vaccine.may_be_mixed)) {
                found.push(OutsideSchedule::Mixed { before: before.id.clone() });
            }
        }
    }
    if !vaccine.ages.contains(facts.born, on) {
        found.push(OutsideSchedule::OutsideAgesOfVaccine { vaccine: vaccine.id.clone() });
    }
    let declared = question.lasting_contraindications().and_then(|()| question.deferrals(on));
    if let Err(blocked) = declared {
        let contraindication = blocked.obstacle.contraindication().map(str::to_owned);
        found.extend(contraindication.map(|contraindication| OutsideSchedule::Contraindicated { contraindication }));
    }
    found.extend(outside_campaigns(&question, dose));
    found
}

fn outside_campaigns(question: &DayQuestion<'_>, dose: &NewDose) -> Option<OutsideSchedule> {
    question
        .closest_campaign(dose.number, dose.on)
        .err()
        .map(|blocked| OutsideSchedule::OutsideCampaigns { obstacle: blocked.obstacle })
}
