//! Eligibility for the next dose of a programme on the date of an appointment.

use event_core::{LocalDate, OrganisationCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    day::{DayQuestion, OfferedDose},
    facts::PersonFacts,
    obstacle::Obstacle,
    programme::Programme,
};

/// The answer for a day. Ids are those of the programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "answer", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Eligibility {
    Eligible {
        /// The number of the dose; in a programme with seasons, in the season.
        dose: u8,
        /// The vaccines that the dose can be, in the order in which they are preferred; at least one.
        vaccines: Vec<String>,
        campaign: String,
    },
    NotYet {
        /// The first day after the one that was asked for on which the same person is eligible, if nothing else changes.
        from: LocalDate,
        /// The obstacle on the day before.
        why: Obstacle,
    },
    /// On no later day either, with this edition of the programme.
    Not { why: Obstacle, advice: String },
}

impl From<OfferedDose<'_>> for Eligibility {
    fn from(offer: OfferedDose<'_>) -> Eligibility {
        let vaccines = offer.vaccines.iter().map(|vaccine| vaccine.id.clone()).collect();
        Eligibility::Eligible { dose: offer.dose, vaccines, campaign: offer.campaign.id.clone() }
    }
}

/// Can the person have the next dose on this day, at this site (or at any)? It depends on nothing else, so that a decision can be
/// explained later with the same edition.
///
/// The order of reasons: contraindications, doses that were given, age for dose and vaccine, interval, deferrals, and then the
/// campaign that comes closest: its group, its time, one dose a campaign, its sites.
pub fn eligibility(
    programme: &Programme,
    facts: &PersonFacts,
    on: LocalDate,
    site: Option<&OrganisationCode>,
) -> Eligibility {
    let question = DayQuestion { programme, facts, site };
    let blocked = match question.offer(on) {
        Ok(offer) => return offer.into(),
        Err(blocked) => blocked,
    };
    let days = days_of_change(&question, on);
    for day in &days {
        if let Ok(offer) = question.offer(*day) {
            return Eligibility::NotYet { from: *day, why: why_not_before(&question, &offer, *day) };
        }
    }
    // Time ends some obstacles, and then another one is found. The last one is the reason why no day will do. Each step
    // goes to one of the days of change.
    let mut last = blocked;
    for _ in 0..days.len() {
        match last.until.map(|day| question.offer(day)) {
            Some(Err(next)) => last = next,
            Some(Ok(_)) | None => break,
        }
    }
    let advice = last.obstacle.advice(programme);
    Eligibility::Not { why: last.obstacle, advice }
}

/// The obstacle of the last day before the first day on which the person is eligible, for the campaign of that day.
fn why_not_before(question: &DayQuestion<'_>, offer: &OfferedDose<'_>, first: LocalDate) -> Obstacle {
    let before = first.plus_days(-1);
    let dose = match question.next_dose(before) {
        Ok((dose, _)) => dose,
        Err(blocked) => return blocked.obstacle,
    };
    let not_offered = || Obstacle::NotOffered { dose };
    if !offer.campaign.doses.contains(&dose) {
        return not_offered();
    }
    question.obstacle_at(offer.campaign, dose, before).unwrap_or_else(not_offered)
}

/// Every day after this one on which something begins that can make a person eligible: between two of them the answer does not become better.
fn days_of_change(question: &DayQuestion<'_>, after: LocalDate) -> Vec<LocalDate> {
    let (document, born) = (question.programme.document(), question.facts.born);
    let mut days: Vec<LocalDate> = document.campaigns.iter().map(|campaign| campaign.from).collect();
    days.extend(document.seasons.iter().map(|season| season.from));
    let groups = document.campaigns.iter().flat_map(|campaign| &campaign.who);
    let ages = groups.filter_map(|group| group.ages.filter(|_| group.ages_on.is_none())?.at_least);
    let ages = ages.chain(document.vaccines.iter().filter_map(|vaccine| vaccine.ages.at_least));
    let ages = ages.chain(document.schedule.iter().map(|scheduled| scheduled.minimum_age));
    days.extend(ages.map(|age| age.reached_on(born)));
    days.extend(question.deferred_until().map(|(_, until)| until));
    if let Some(last) = question.last_dose() {
        days.extend(document.schedule.iter().map(|scheduled| last.on.plus_days(i64::from(scheduled.days_min()))));
    }
    days.retain(|day| *day > after);
    days.sort_unstable();
    days.dedup();
    days
}
