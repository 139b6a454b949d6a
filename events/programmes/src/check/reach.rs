//! Every dose can be given: each dose and each group of a campaign has an age at which a vaccine fits, every dose has a
//! campaign, and everything is used. Ages are compared in months, so a range that is left has birthdays that fit.
//!
//! The check does not ask whether the interval after the dose before fits into the dates: people come with doses from earlier
//! campaigns and other countries.

use event_core::LocalDate;

use crate::{
    age::AgeRange,
    document::{Campaign, CampaignGroup, ProgrammeDocument, ScheduledDose},
    finding::{FindingList, ProgrammeFindingKind},
    vaccine::Vaccine,
};

/// Ages in months, without the last one.
type Months = std::ops::Range<i64>;
const ANY_AGE: Months = 0..i64::MAX;

pub(super) fn check(document: &ProgrammeDocument, list: &mut FindingList) {
    for campaign in &document.campaigns {
        reached(document, campaign, list);
    }
    for dose in document.schedule.iter().flat_map(|scheduled| scheduled.dose..=scheduled.last()) {
        let is_offered = document.campaigns.iter().any(|campaign| campaign.doses.contains(&dose));
        list.when(!is_offered, ProgrammeFindingKind::DoseNeverOffered, || format!("No campaign offers dose {dose}."));
    }
    for vaccine in &document.vaccines {
        let is_used = document.schedule.iter().any(|scheduled| scheduled.vaccines.contains(&vaccine.id));
        list.when(!is_used, ProgrammeFindingKind::UnusedEntry, || format!("No dose has the vaccine `{}`.", vaccine.id));
    }
    for cohort in &document.cohorts {
        let mut groups = document.campaigns.iter().flat_map(|campaign| &campaign.who);
        let is_used = groups.any(|group| group.cohort.as_ref() == Some(&cohort.id));
        list.when(!is_used, ProgrammeFindingKind::UnusedEntry, || {
            format!("No campaign has the cohort `{}`.", cohort.id)
        });
    }
}

fn reached(document: &ProgrammeDocument, campaign: &Campaign, list: &mut FindingList) {
    let groups: Vec<Months> = campaign.who.iter().map(|group| ages_of_group(group, campaign)).collect();
    let doses: Vec<(u8, Vec<Months>)> = campaign
        .doses
        .iter()
        .filter_map(|dose| document.scheduled(*dose).map(|scheduled| (*dose, ages_of_dose(document, scheduled))))
        .collect();
    for (dose, ages) in &doses {
        let holds = ages.iter().any(|ages| groups.iter().any(|group| meet(ages, group)));
        list.when(!holds, ProgrammeFindingKind::CampaignNeverHolds, || {
            let (id, from) = (&campaign.id, campaign.from);
            format!("Campaign `{id}` from {from} offers dose {dose} to nobody: none of its groups has an age for it.")
        });
    }
    for (at, group) in groups.iter().enumerate() {
        let holds = doses.iter().flat_map(|(_, ages)| ages).any(|ages| meet(ages, group));
        list.when(!holds, ProgrammeFindingKind::CampaignNeverHolds, || {
            let (id, from) = (&campaign.id, campaign.from);
            format!("Group {} of campaign `{id}` from {from} has no age for any dose of the campaign.", at + 1)
        });
    }
}

fn meet(one: &Months, other: &Months) -> bool {
    one.start.max(other.start) < one.end.min(other.end)
}

/// The ages at which a dose can be given, for each of its vaccines.
fn ages_of_dose(document: &ProgrammeDocument, scheduled: &ScheduledDose) -> Vec<Months> {
    let of = |vaccine: &Vaccine| {
        let ages = months(&vaccine.ages);
        ages.start.max(i64::from(scheduled.minimum_age.months()))..ages.end
    };
    document.vaccines.iter().filter(|vaccine| scheduled.vaccines.contains(&vaccine.id)).map(of).collect()
}

fn months(ages: &AgeRange) -> Months {
    let start = ages.at_least.map_or(0, |age| i64::from(age.months()));
    start..ages.less_than.map_or(i64::MAX, |age| i64::from(age.months()))
}

/// The ages that people of a group can have on a day of the campaign.
fn ages_of_group(group: &CampaignGroup, campaign: &Campaign) -> Months {
    let ages = group.ages.as_ref().map_or(ANY_AGE, months);
    let Some(on) = group.ages_on else { return ages };
    // Ages on another day, so the shortest and the longest time to a day of the campaign, in whole months, widen the range.
    let start = ages.start.saturating_add(months_between(on, campaign.from).0);
    start.max(0)..ages.end.saturating_add(months_between(on, campaign.until).1)
}

/// The months from a day to another: at most as many, and at least as many, negative to an earlier day.
fn months_between(from: LocalDate, to: LocalDate) -> (i64, i64) {
    let days = to.days_since(from);
    let (short, long) = if days < 0 { (31, 28) } else { (28, 31) };
    (days.div_euclid(long), -(-days).div_euclid(short))
}
