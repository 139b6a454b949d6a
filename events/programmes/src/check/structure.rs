//! Ids, references and limits.

use std::collections::BTreeSet;

use crate::{
    age::AgeRange,
    document::{
        CAMPAIGNS_MAX, Campaign, ContraindicationEffect, DAYS_MAX, DOSE_MAX, ENTRIES_MAX, GROUPS_MAX,
        ID_CHARACTERS_MAX, PROGRAMME_CHARACTERS_MAX, ProgrammeDocument, SEASONS_MAX, SITES_MAX,
    },
    finding::{FindingList, ProgrammeFindingKind},
    vaccine::VaccineRoute,
};

pub(super) fn check(document: &ProgrammeDocument, list: &mut FindingList) {
    let programme = "The programme";
    list.when(document.edition == 0, ProgrammeFindingKind::LimitExceeded, || {
        "The number of the edition is 0; the first edition is 1.".into()
    });
    list.count(programme, "vaccines", document.vaccines.len(), 1, ENTRIES_MAX);
    list.count(programme, "contraindications", document.contraindications.len(), 0, ENTRIES_MAX);
    list.count(programme, "cohorts", document.cohorts.len(), 0, ENTRIES_MAX);
    list.count(programme, "seasons", document.seasons.len(), 0, SEASONS_MAX);
    list.count(programme, "campaigns", document.campaigns.len(), 1, CAMPAIGNS_MAX);

    well_formed(&document.programme, PROGRAMME_CHARACTERS_MAX, list);
    ids("vaccine", document.vaccines.iter().map(|vaccine| &vaccine.id), list);
    ids("contraindication", document.contraindications.iter().map(|known| &known.id), list);
    ids("cohort", document.cohorts.iter().map(|cohort| &cohort.id), list);
    ids("season", document.seasons.iter().map(|season| &season.id), list);
    document.campaigns.iter().for_each(|campaign| well_formed(&campaign.id, ID_CHARACTERS_MAX, list));

    for vaccine in &document.vaccines {
        let owner = format!("Vaccine `{}`", vaccine.id);
        list.count(&owner, "routes", vaccine.routes.len(), 1, VaccineRoute::ALL.len());
        once(&owner, "route", vaccine.routes.iter().map(|route| route.name().to_owned()), list);
        ages(&owner, &vaccine.ages, list);
    }
    for contraindication in &document.contraindications {
        if let ContraindicationEffect::Defers { days, .. } = &contraindication.effect {
            let owner = format!("Contraindication `{}`", contraindication.id);
            list.count(&owner, "days of deferral", usize::from(*days), 1, usize::from(DAYS_MAX));
        }
    }
    document.campaigns.iter().for_each(|one| campaign(document, one, list));
}

fn campaign(document: &ProgrammeDocument, campaign: &Campaign, list: &mut FindingList) {
    let owner = format!("Campaign `{}` from {}", campaign.id, campaign.from);
    list.count(&owner, "doses", campaign.doses.len(), 1, usize::from(DOSE_MAX));
    once(&owner, "dose", campaign.doses.iter().map(ToString::to_string), list);
    for dose in campaign.doses.iter().filter(|dose| document.scheduled(**dose).is_none()) {
        list.when(true, ProgrammeFindingKind::UnknownReference, || {
            format!("{owner} has dose {dose}, which is not in the schedule.")
        });
    }
    if let Some(sites) = &campaign.sites {
        list.count(&owner, "sites", sites.len(), 1, SITES_MAX);
        once(&owner, "site", sites.iter().map(ToString::to_string), list);
    }
    list.count(&owner, "groups", campaign.who.len(), 1, GROUPS_MAX);
    for (at, group) in campaign.who.iter().enumerate() {
        let owner = format!("Group {} of {owner}", at + 1).replace("of Campaign", "of campaign");
        let (has_ages, has_cohort) = (group.ages.is_some(), group.cohort.is_some());
        list.when(!has_ages && !has_cohort, ProgrammeFindingKind::IncompleteGroup, || {
            format!("{owner} has neither `ages` nor `cohort`.")
        });
        list.when(group.ages_on.is_some() && !has_ages, ProgrammeFindingKind::IncompleteGroup, || {
            format!("{owner} has a day `agesOn`, but no `ages`.")
        });
        if let Some(cohort) = &group.cohort {
            let is_known = document.cohorts.iter().any(|known| known.id == *cohort);
            list.when(!is_known, ProgrammeFindingKind::UnknownReference, || {
                format!("{owner} has the cohort `{cohort}`, which does not exist.")
            });
        }
        if let Some(range) = &group.ages {
            ages(&owner, range, list);
        }
    }
}

fn ages(owner: &str, range: &AgeRange, list: &mut FindingList) {
    let is_unbounded = range.at_least.is_none() && range.less_than.is_none();
    list.when(is_unbounded, ProgrammeFindingKind::EmptyAges, || {
        format!("{owner} has ages without `atLeast` and `lessThan`. Every age is {{\"atLeast\": \"0 years\"}}.")
    });
    if let (Some(at_least), Some(less_than)) = (range.at_least, range.less_than) {
        list.when(at_least.months() >= less_than.months(), ProgrammeFindingKind::EmptyAges, || {
            format!("{owner} has the ages from {at_least} to before {less_than}, which is no age.")
        });
    }
    list.when(range.less_than.is_some_and(|age| age.months() == 0), ProgrammeFindingKind::EmptyAges, || {
        format!("{owner} has ages that end with the birth.")
    });
}

fn ids<'a>(of: &str, ids: impl Iterator<Item = &'a String>, list: &mut FindingList) {
    let mut seen = BTreeSet::new();
    for id in ids {
        well_formed(id, ID_CHARACTERS_MAX, list);
        list.when(!seen.insert(id), ProgrammeFindingKind::DuplicateId, || format!("There are two {of}s `{id}`."));
    }
}

fn well_formed(id: &str, most: usize, list: &mut FindingList) {
    let plain = id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    let is_well_formed = plain && (1..=most).contains(&id.len()) && !id.starts_with('-');
    list.when(!is_well_formed, ProgrammeFindingKind::MalformedId, || {
        format!("The id `{id}` is not made of 1 to {most} characters a-z, 0-9 and -, of which the first is not -.")
    });
}

/// A list that has nothing twice.
pub(super) fn once(owner: &str, what: &str, entries: impl Iterator<Item = String>, list: &mut FindingList) {
    let mut seen = BTreeSet::new();
    for entry in entries {
        let is_repeated = !seen.insert(entry.clone());
        list.when(is_repeated, ProgrammeFindingKind::DuplicateId, || {
            format!("{owner} has the {what} `{entry}` twice.")
        });
    }
}
