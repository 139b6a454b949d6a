//! The findings of the check of a programme.

use std::fmt;

/// One fault of a programme, as a sentence that says what is wrong and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeFinding {
    pub kind: ProgrammeFindingKind,
    pub message: String,
}

/// The kinds of faults of a programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProgrammeFindingKind {
    /// More entries, characters, days or the like than a programme may have; or none where one is needed.
    LimitExceeded,
    /// An id that is not made of `a` to `z`, `0` to `9` and `-`.
    MalformedId,
    DuplicateId,
    /// A vaccine, cohort or dose that is named and does not exist.
    UnknownReference,
    /// A text that is missing or empty.
    MissingText,
    /// A code of the pass that has not the form of its value set.
    MalformedCode,
    /// Doses that do not follow each other from 1 to 9 without a gap.
    DoseNumbers,
    /// A range of ages that contains no age, or has no bounds.
    EmptyAges,
    /// A campaign or a season that ends before it begins.
    InvertedDates,
    /// Phases of one campaign, or seasons, that overlap.
    OverlappingDates,
    /// Phases of one campaign that differ in whether a person has one dose at most.
    UnequalPhases,
    /// A campaign that is not within one season.
    OutsideSeasons,
    /// Intervals between doses that are missing, or contradict each other.
    ContradictingIntervals,
    /// A group of a campaign without an age and a cohort, or with a day and no age.
    IncompleteGroup,
    /// A dose or a group of a campaign for which there are no ages.
    CampaignNeverHolds,
    /// A dose that no campaign offers.
    DoseNeverOffered,
    /// A vaccine of a dose that has no age in common with it.
    VaccineNeverFits,
    /// A vaccine that no dose has, or a cohort that no campaign has.
    UnusedEntry,
}

impl ProgrammeFindingKind {
    pub const ALL: [ProgrammeFindingKind; 18] = [
        ProgrammeFindingKind::LimitExceeded,
        ProgrammeFindingKind::MalformedId,
        ProgrammeFindingKind::DuplicateId,
        ProgrammeFindingKind::UnknownReference,
        ProgrammeFindingKind::MissingText,
        ProgrammeFindingKind::MalformedCode,
        ProgrammeFindingKind::DoseNumbers,
        ProgrammeFindingKind::EmptyAges,
        ProgrammeFindingKind::InvertedDates,
        ProgrammeFindingKind::OverlappingDates,
        ProgrammeFindingKind::UnequalPhases,
        ProgrammeFindingKind::OutsideSeasons,
        ProgrammeFindingKind::ContradictingIntervals,
        ProgrammeFindingKind::IncompleteGroup,
        ProgrammeFindingKind::CampaignNeverHolds,
        ProgrammeFindingKind::DoseNeverOffered,
        ProgrammeFindingKind::VaccineNeverFits,
        ProgrammeFindingKind::UnusedEntry,
    ];
}

impl fmt::Display for ProgrammeFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Findings as they are made.
#[derive(Default)]
pub(crate) struct FindingList {
    pub findings: Vec<ProgrammeFinding>,
}

impl FindingList {
    /// Adds a finding if its condition holds.
    pub(crate) fn when(&mut self, is_fault: bool, kind: ProgrammeFindingKind, message: impl FnOnce() -> String) {
        if is_fault {
            self.findings.push(ProgrammeFinding { kind, message: message() });
        }
    }

    pub(crate) fn count(&mut self, owner: &str, what: &str, count: usize, least: usize, most: usize) {
        self.when(!(least..=most).contains(&count), ProgrammeFindingKind::LimitExceeded, || {
            format!("{owner} has {count} {what}; it may have {least} to {most}.")
        });
    }
}
