//! The reasons why a person cannot have a dose on a day, with their words for the person.

use event_core::{LocalDate, OrganisationCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{age::AgeLimit, programme::Programme};

/// The reason why a person cannot have a dose on a day. Ids are those of the programme. It tells about the person's health, so it is
/// personal data where it is kept or shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Obstacle {
    /// A declared contraindication excludes the person.
    Contraindicated { contraindication: String },
    /// The person declared something that this edition does not know. It is not ignored.
    UnknownContraindication { contraindication: String },
    /// A declared contraindication defers the dose, but its day is not known.
    DeferredWithoutDay { contraindication: String },
    /// A declared contraindication defers the dose to this day.
    Deferred { contraindication: String, until: LocalDate },
    /// The person had all doses, or all of the season.
    CourseComplete { doses: u8 },
    /// The dose or its vaccines begin at this age.
    TooYoung { at_least: AgeLimit },
    /// The vaccines of the dose end at this age.
    TooOld { less_than: AgeLimit },
    /// So many days have to pass since the last dose.
    TooSoon { days: u16, since: LocalDate },
    /// No campaign has this dose.
    NotOffered { dose: u8 },
    /// The campaign ended on this day.
    CampaignOver { campaign: String, until: LocalDate },
    /// The person belongs to none of the groups of the campaigns that are open or will begin.
    NotInGroup { dose: u8 },
    /// The person will belong to a group of this campaign at this age.
    NotOfAgeYet { campaign: String, at_least: AgeLimit },
    /// The campaign for the person begins on this day.
    CampaignNotBegun { campaign: String, from: LocalDate },
    /// The campaign has one dose for each person, which was given on this day.
    HadInCampaign { campaign: String, on: LocalDate },
    /// The campaign is at other sites.
    NotAtSite { campaign: String, site: OrganisationCode },
}

impl Obstacle {
    /// The name in tables of cases.
    pub fn code(&self) -> &'static str {
        match self {
            Obstacle::Contraindicated { .. } => "contraindicated",
            Obstacle::UnknownContraindication { .. } => "unknown-contraindication",
            Obstacle::DeferredWithoutDay { .. } => "deferred-without-day",
            Obstacle::Deferred { .. } => "deferred",
            Obstacle::CourseComplete { .. } => "course-complete",
            Obstacle::TooYoung { .. } => "too-young",
            Obstacle::TooOld { .. } => "too-old",
            Obstacle::TooSoon { .. } => "too-soon",
            Obstacle::NotOffered { .. } => "not-offered",
            Obstacle::CampaignOver { .. } => "campaign-over",
            Obstacle::NotInGroup { .. } => "not-in-group",
            Obstacle::NotOfAgeYet { .. } => "not-of-age-yet",
            Obstacle::CampaignNotBegun { .. } => "campaign-not-begun",
            Obstacle::HadInCampaign { .. } => "had-in-campaign",
            Obstacle::NotAtSite { .. } => "not-at-site",
        }
    }

    /// The id of the declared contraindication, if that is the obstacle.
    pub fn contraindication(&self) -> Option<&str> {
        match self {
            Obstacle::Contraindicated { contraindication }
            | Obstacle::UnknownContraindication { contraindication }
            | Obstacle::DeferredWithoutDay { contraindication }
            | Obstacle::Deferred { contraindication, .. } => Some(contraindication),
            Obstacle::CourseComplete { .. }
            | Obstacle::TooYoung { .. }
            | Obstacle::TooOld { .. }
            | Obstacle::TooSoon { .. }
            | Obstacle::NotOffered { .. }
            | Obstacle::CampaignOver { .. }
            | Obstacle::NotInGroup { .. }
            | Obstacle::NotOfAgeYet { .. }
            | Obstacle::CampaignNotBegun { .. }
            | Obstacle::HadInCampaign { .. }
            | Obstacle::NotAtSite { .. } => None,
        }
    }

    /// The reason, in words for the person.
    pub fn words(&self, programme: &Programme) -> String {
        match self {
            Obstacle::Contraindicated { contraindication } | Obstacle::DeferredWithoutDay { contraindication } => {
                format!("You answered yes to the question: {}", question(programme, contraindication))
            }
            Obstacle::UnknownContraindication { .. } => {
                "You told us something about your health that has to be looked at first.".into()
            }
            Obstacle::Deferred { contraindication, until } => format!(
                "You have to wait until {}, because you answered yes to the question: {}",
                words_of(*until),
                question(programme, contraindication)
            ),
            Obstacle::CourseComplete { .. } if !programme.document().seasons.is_empty() => {
                "You have had this vaccination for this season.".into()
            }
            Obstacle::CourseComplete { .. } => "You have had all doses of this vaccination.".into(),
            Obstacle::TooYoung { at_least } => {
                format!("This vaccination is for people of {at_least} or over on the day of the appointment.")
            }
            Obstacle::TooOld { less_than } => {
                format!("This vaccination is for people under {less_than} on the day of the appointment.")
            }
            Obstacle::TooSoon { days: 1, since } => format!("You have a dose on {}.", words_of(*since)),
            Obstacle::TooSoon { days, since } => {
                format!("{days} days have to pass after your last dose on {}.", words_of(*since))
            }
            Obstacle::NotOffered { dose } => format!("Dose {dose} of this vaccination is not offered now."),
            Obstacle::CampaignOver { campaign, until } => {
                format!("{} ended on {}.", label(programme, campaign), words_of(*until))
            }
            Obstacle::NotInGroup { dose } => {
                format!(
                    "Dose {dose} of this vaccination is offered to certain groups of people, and you are in none of them."
                )
            }
            Obstacle::NotOfAgeYet { campaign, at_least } => {
                format!(
                    "{} is for people of {at_least} or over on the day of the appointment.",
                    label(programme, campaign)
                )
            }
            Obstacle::CampaignNotBegun { campaign, from } => {
                format!("{} begins on {} for you.", label(programme, campaign), words_of(*from))
            }
            Obstacle::HadInCampaign { campaign, on } => format!(
                "{} has one dose for each person, and you had yours on {}.",
                label(programme, campaign),
                words_of(*on)
            ),
            Obstacle::NotAtSite { campaign, .. } => format!("{} is not at this site.", label(programme, campaign)),
        }
    }

    /// The way on for the person.
    pub fn advice(&self, programme: &Programme) -> String {
        match self {
            Obstacle::Contraindicated { contraindication } | Obstacle::Deferred { contraindication, .. } => {
                let known = programme.contraindication(contraindication);
                known.map_or(CALL, |known| known.effect.advice()).to_owned()
            }
            Obstacle::UnknownContraindication { .. } => CALL.into(),
            Obstacle::DeferredWithoutDay { .. } => "Answer the question again, and give the day.".into(),
            Obstacle::CourseComplete { .. } | Obstacle::HadInCampaign { .. } => {
                "You do not need to do anything. If you did not have this dose, call your practice.".into()
            }
            Obstacle::TooYoung { .. }
            | Obstacle::TooSoon { .. }
            | Obstacle::NotOfAgeYet { .. }
            | Obstacle::CampaignNotBegun { .. } => "Choose a later day.".into(),
            Obstacle::TooOld { .. } => CALL.into(),
            Obstacle::NotOffered { .. } | Obstacle::CampaignOver { .. } => {
                "You do not need to do anything. You can look again when a new campaign is announced.".into()
            }
            Obstacle::NotInGroup { .. } => {
                "Look at the groups again. If you think that you belong to one of them, call your practice.".into()
            }
            Obstacle::NotAtSite { .. } => "Choose another site.".into(),
        }
    }
}

const CALL: &str = "Call your practice.";

fn question<'a>(programme: &'a Programme, contraindication: &'a str) -> &'a str {
    programme.contraindication(contraindication).map_or(contraindication, |known| &known.question)
}

fn label<'a>(programme: &'a Programme, campaign: &'a str) -> &'a str {
    let known = programme.document().campaigns.iter().find(|known| known.id == campaign);
    known.map_or(campaign, |known| &known.label)
}

/// A day as people write it: `5 March 2027`.
fn words_of(day: LocalDate) -> String {
    day.civil().strftime("%-d %B %Y").to_string()
}
