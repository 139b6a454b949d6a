//! The dates of seasons and campaigns.

use event_core::LocalDate;

use crate::{
    document::{Campaign, ProgrammeDocument},
    finding::{FindingList, ProgrammeFindingKind},
};

pub(super) fn check(document: &ProgrammeDocument, list: &mut FindingList) {
    for (at, season) in document.seasons.iter().enumerate() {
        ordered(&format!("Season `{}`", season.id), season.from, season.until, list);
        for other in document.seasons.iter().skip(at + 1) {
            let overlap = season.from <= other.until && other.from <= season.until;
            list.when(overlap, ProgrammeFindingKind::OverlappingDates, || {
                format!("Seasons `{}` and `{}` overlap.", season.id, other.id)
            });
        }
    }
    for (at, campaign) in document.campaigns.iter().enumerate() {
        ordered(&format!("Campaign `{}`", campaign.id), campaign.from, campaign.until, list);
        let later = document.campaigns.iter().skip(at + 1);
        later.filter(|other| other.id == campaign.id).for_each(|other| phases(campaign, other, list));
        let within =
            document.seasons.iter().any(|season| season.from <= campaign.from && campaign.until <= season.until);
        list.when(!document.seasons.is_empty() && !within, ProgrammeFindingKind::OutsideSeasons, || {
            format!("Campaign `{}` from {} is not within one season.", campaign.id, campaign.from)
        });
    }
}

fn ordered(owner: &str, from: LocalDate, until: LocalDate, list: &mut FindingList) {
    list.when(from > until, ProgrammeFindingKind::InvertedDates, || {
        format!("{owner} begins on {from}, after its last day, {until}.")
    });
}

/// Two entries with the same id.
fn phases(one: &Campaign, other: &Campaign, list: &mut FindingList) {
    let overlap = one.from <= other.until && other.from <= one.until;
    list.when(overlap, ProgrammeFindingKind::OverlappingDates, || {
        format!("Campaign `{}` has two phases that overlap, from {} and from {}.", one.id, one.from, other.from)
    });
    list.when(one.once != other.once, ProgrammeFindingKind::UnequalPhases, || {
        format!(
            "Campaign `{}` has `once` in the phase from {} or in that from {}, but not in both.",
            one.id, one.from, other.from
        )
    });
}
