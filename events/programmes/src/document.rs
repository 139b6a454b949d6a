//! A programme as it is written in its file. It can have faults, which `check` finds; a `Programme` has none.

use event_core::{LocalDate, OrganisationCode};
use rule_files::ContentHash;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    age::{AgeLimit, AgeRange},
    vaccine::Vaccine,
};

/// The longest file.
pub const FILE_BYTES_MAX: usize = 512 * 1024;
/// The longest id of a programme: with `vaccination-` before it, it is a service type of at most 50 characters.
pub const PROGRAMME_CHARACTERS_MAX: usize = 38;
/// The longest other id.
pub const ID_CHARACTERS_MAX: usize = 60;
/// The longest text.
pub const TEXT_CHARACTERS_MAX: usize = 1_000;
/// The greatest number of a dose, as in an EU Digital COVID Certificate.
pub const DOSE_MAX: u8 = 9;
/// The most vaccines, contraindications and cohorts of a programme, of each.
pub const ENTRIES_MAX: usize = 30;
pub const CAMPAIGNS_MAX: usize = 100;
pub const SEASONS_MAX: usize = 50;
/// The most groups and sites of a campaign.
pub const GROUPS_MAX: usize = 20;
pub const SITES_MAX: usize = 500;
/// The longest interval between doses, and the longest deferral, in days.
pub const DAYS_MAX: u16 = 3_660;
/// The longest time between two doses that are booked together, in days. Sessions are published up to a year ahead.
pub const TOGETHER_DAYS_MAX: u16 = 365;

/// An edition of a programme.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProgrammeDocument {
    /// The programme's id, the same in all its editions: `vaccination-<id>` is the service type of its appointments.
    pub programme: String,
    /// 1, 2, 3 … A change of a campaign is another edition.
    pub edition: u32,
    pub title: String,
    /// For the person that chooses a programme.
    pub about: String,
    /// In the order in which they are preferred.
    pub vaccines: Vec<Vaccine>,
    /// The doses in order, from 1 without a gap.
    pub schedule: Vec<ScheduledDose>,
    /// If there are seasons, doses are counted from 1 in each. If there are none, they are counted over the life.
    #[serde(default)]
    pub seasons: Vec<Season>,
    #[serde(default)]
    pub book_together: Option<PairedDoses>,
    pub contraindications: Vec<Contraindication>,
    pub cohorts: Vec<Cohort>,
    pub campaigns: Vec<Campaign>,
    #[serde(skip, default = "ContentHash::zero")]
    content_hash: ContentHash,
}

/// A dose of the schedule, or several with the same rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScheduledDose {
    /// 1 to 9.
    pub dose: u8,
    /// The last dose with this rule, such as 9 for all boosters from 3 on; absent for one dose.
    #[serde(default)]
    pub up_to: Option<u8>,
    /// The youngest age at the date of the appointment.
    pub minimum_age: AgeLimit,
    /// The time since the dose before. The first dose has one only where there are seasons.
    #[serde(default)]
    pub after_days: Option<DoseInterval>,
    /// The ids of the vaccines that this dose can be.
    pub vaccines: Vec<String>,
}

impl ScheduledDose {
    /// The last dose with this rule.
    pub fn last(&self) -> u8 {
        self.up_to.unwrap_or(self.dose)
    }

    /// The fewest days since any dose before: at least 1, because two doses of a programme are not given on one day.
    pub(crate) fn days_min(&self) -> u16 {
        self.after_days.map_or(1, |interval| interval.minimum).max(1)
    }
}

/// Days since the dose before: with a minimum of 28, the first day is the same weekday four weeks later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DoseInterval {
    pub minimum: u16,
    /// The days that a clinic should plan; no rule depends on it.
    #[serde(default)]
    pub recommended: Option<u16>,
}

/// A time in which doses are counted from 1; both days are included.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Season {
    pub id: String,
    pub from: LocalDate,
    pub until: LocalDate,
}

/// Two doses with appointments that are booked in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PairedDoses {
    pub first: u8,
    /// The dose after `first`.
    pub second: u8,
    pub minimum_days: u16,
    pub maximum_days: u16,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contraindication {
    pub id: String,
    /// In plain words; "yes" is a contraindication.
    pub question: String,
    pub effect: ContraindicationEffect,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ContraindicationEffect {
    /// The person cannot book. The advice says what to do.
    Excludes { advice: String },
    /// The person waits until so many days after it happened or was over. The question asks for this date.
    Defers { days: u16, advice: String },
}

impl ContraindicationEffect {
    pub fn advice(&self) -> &str {
        match self {
            ContraindicationEffect::Excludes { advice } | ContraindicationEffect::Defers { advice, .. } => advice,
        }
    }
}

/// People with something in common besides their age.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cohort {
    pub id: String,
    /// For staff.
    pub label: String,
    /// For the person: "You are a carer."
    pub words: String,
    /// Is it enough that the person says so? Otherwise it comes from a record.
    pub declared: bool,
}

/// A time in which doses are offered to groups of people. Entries with the same id are phases of one campaign, one after the other.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Campaign {
    pub id: String,
    pub label: String,
    /// The first and the last day of appointments.
    pub from: LocalDate,
    pub until: LocalDate,
    /// The numbers of the doses that are offered.
    pub doses: Vec<u8>,
    /// Does a person have one dose at most in all phases of this campaign?
    #[serde(default)]
    pub once: bool,
    /// A person of any of these groups can book.
    pub who: Vec<CampaignGroup>,
    /// The codes of the sites; absent if it is all sites.
    #[serde(default)]
    pub sites: Option<Vec<OrganisationCode>>,
}

impl Campaign {
    pub fn is_open(&self, on: LocalDate) -> bool {
        (self.from..=self.until).contains(&on)
    }

    pub fn is_at(&self, site: &OrganisationCode) -> bool {
        self.sites.as_ref().is_none_or(|sites| sites.contains(site))
    }
}

/// A group of people: by age, by cohort, or those of a cohort that have an age.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CampaignGroup {
    #[serde(default)]
    pub ages: Option<AgeRange>,
    /// The day on which the person has the age; absent if it is the date of the appointment. National letters often name such a
    /// day: all people that are 65 by the end of March can have the vaccination from October on.
    #[serde(default)]
    pub ages_on: Option<LocalDate>,
    /// The id of a cohort.
    #[serde(default)]
    pub cohort: Option<String>,
}

/// A text that is not a document of a programme. The messages name the line and the column.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableProgramme {
    #[error("the file has more than {FILE_BYTES_MAX} bytes")]
    TooLong,
    #[error("this is not an edition of a programme: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl ProgrammeDocument {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The text is longer than 512 KiB, or does not have the form of a programme: unknown, missing or repeated members, malformed
    /// ages, dates and codes of sites.
    pub fn parse(text: &str) -> Result<ProgrammeDocument, UnreadableProgramme> {
        if text.len() > FILE_BYTES_MAX {
            return Err(UnreadableProgramme::TooLong);
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut document: ProgrammeDocument = serde_json::from_str(text)?;
        document.content_hash = ContentHash::of(&serde_json::from_str::<Value>(text)?);
        Ok(document)
    }

    /// SHA-256 of the canonical form (RFC 8785) of the text that was read.
    pub fn content_hash(&self) -> ContentHash {
        self.content_hash
    }

    pub(crate) fn scheduled(&self, dose: u8) -> Option<&ScheduledDose> {
        self.schedule.iter().find(|scheduled| (scheduled.dose..=scheduled.last()).contains(&dose))
    }
}
