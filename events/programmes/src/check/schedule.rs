//! The doses: their numbers, intervals and vaccines, and the two that are booked together.

use super::structure::once;
use crate::{
    document::{DAYS_MAX, DOSE_MAX, ENTRIES_MAX, PairedDoses, ProgrammeDocument, ScheduledDose, TOGETHER_DAYS_MAX},
    finding::{FindingList, ProgrammeFindingKind},
};

pub(super) fn check(document: &ProgrammeDocument, list: &mut FindingList) {
    list.count("The schedule", "entries", document.schedule.len(), 1, usize::from(DOSE_MAX));
    let mut expected = 1;
    for scheduled in &document.schedule {
        let (dose, last) = (scheduled.dose, scheduled.last());
        list.when(dose != expected, ProgrammeFindingKind::DoseNumbers, || {
            format!("The schedule goes on with dose {dose}; the next number is {expected}.")
        });
        list.when(last < dose || last > DOSE_MAX || dose == 0, ProgrammeFindingKind::DoseNumbers, || {
            format!("The schedule has doses {dose} to {last}; numbers are 1 to {DOSE_MAX}, the smaller one first.")
        });
        expected = last.saturating_add(1);
        entry(document, scheduled, list);
    }
    if let Some(pair) = &document.book_together {
        paired(document, pair, list);
    }
}

fn entry(document: &ProgrammeDocument, scheduled: &ScheduledDose, list: &mut FindingList) {
    let owner = format!("Dose {}", scheduled.dose);
    list.count(&owner, "vaccines", scheduled.vaccines.len(), 1, ENTRIES_MAX);
    once(&owner, "vaccine", scheduled.vaccines.iter().cloned(), list);
    for id in &scheduled.vaccines {
        let vaccine = document.vaccines.iter().find(|vaccine| vaccine.id == *id);
        list.when(vaccine.is_none(), ProgrammeFindingKind::UnknownReference, || {
            format!("{owner} has the vaccine `{id}`, which does not exist.")
        });
        let ends = vaccine.and_then(|vaccine| vaccine.ages.less_than);
        let never = ends.is_some_and(|ends| ends.months() <= scheduled.minimum_age.months());
        list.when(never, ProgrammeFindingKind::VaccineNeverFits, || {
            format!("{owner} begins at {}, when nobody can have its vaccine `{id}` any more.", scheduled.minimum_age)
        });
    }
    let contradiction = ProgrammeFindingKind::ContradictingIntervals;
    let Some(interval) = scheduled.after_days else {
        list.when(scheduled.dose > 1 || scheduled.last() > 1, contradiction, || {
            format!("{owner} has no interval to the dose before (`afterDays`).")
        });
        return;
    };
    list.when(scheduled.dose == 1 && document.seasons.is_empty() && scheduled.last() == 1, contradiction, || {
        "Dose 1 has an interval, but no dose before it, because there are no seasons.".into()
    });
    let longest = usize::from(DAYS_MAX);
    list.count(&owner, "days as minimum interval", usize::from(interval.minimum), 1, longest);
    if let Some(recommended) = interval.recommended {
        list.count(&owner, "days as recommended interval", usize::from(recommended), 1, longest);
        list.when(recommended < interval.minimum, contradiction, || {
            format!(
                "{owner} has a recommended interval of {recommended} days, which is less than the minimum of {}.",
                interval.minimum
            )
        });
    }
}

fn paired(document: &ProgrammeDocument, pair: &PairedDoses, list: &mut FindingList) {
    let PairedDoses { first, second, minimum_days, maximum_days } = *pair;
    for dose in [first, second] {
        list.when(document.scheduled(dose).is_none(), ProgrammeFindingKind::UnknownReference, || {
            format!("`bookTogether` has dose {dose}, which is not in the schedule.")
        });
    }
    list.when(first.checked_add(1) != Some(second), ProgrammeFindingKind::DoseNumbers, || {
        format!("`bookTogether` has doses {first} and {second}, which do not follow each other.")
    });
    list.count("`bookTogether`", "days as maximum", usize::from(maximum_days), 1, usize::from(TOGETHER_DAYS_MAX));
    let contradiction = ProgrammeFindingKind::ContradictingIntervals;
    list.when(minimum_days > maximum_days, contradiction, || {
        format!("`bookTogether` has a minimum of {minimum_days} days and a maximum of {maximum_days}.")
    });
    let least = document.scheduled(second).map_or(0, ScheduledDose::days_min);
    list.when(minimum_days < least, contradiction, || {
        format!(
            "`bookTogether` has a minimum of {minimum_days} days, but dose {second} is {least} days after dose {first}."
        )
    });
}
