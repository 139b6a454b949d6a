//! Vaccinations: the doses of a person (stream `doses-<subject>`), and the recall of a lot of a vaccine (stream `lot-<lot>`).
//!
//! Programme, vaccine, lot, day and site of a dose are in clear, because a recall has to find the people that had the lot. The
//! vaccinator, the route and deviations from the schedule are sealed.

mod ids;
mod passes;

use std::fmt;

use event_core::{
    Class, LocalDate, OrganisationCode, Personal, Rejection, Service, SubjectId, Timestamp, events,
    personal::{KeyKind, PersonalData},
    personal_text,
    text::Line,
};
use programmes::{ContentHash, DeclaredContraindication, LotNumber, OutsideSchedule, PersonFacts, VaccineRoute};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SessionId;

pub use ids::{DoseId, ProgrammeId, ProgrammeItemId, VaccineId, VaccineLot};
pub use passes::{PassEvent, PassId, PassIssued, PassRevoked, RevocationCause};

pub static SERVICE: Service =
    Service { name: "vaccinations", categories: &[DoseEvent::ABOUT, LotEvent::ABOUT, PassEvent::ABOUT] };

/// For commands and queries.
pub const PROGRAMME_NOT_FOUND: Rejection = Rejection {
    code: "programme-not-found",
    class: Class::NotFound,
    title: "There is no such programme of vaccinations.",
    advice: "Choose a programme from the list.",
};

events! {
    /// The doses of one person.
    DoseEvent of SERVICE as "dose" on "doses" by (subject) {
        Booked(DoseBooked) = "dose.booked.v1",
        Recorded(DoseRecorded) = "dose.recorded.v1",
        Corrected(DoseCorrected) = "dose.corrected.v1",
        Voided(DoseVoided) = "dose.voided.v1",
        LotFlagged(DoseLotFlagged) = "dose.lot-flagged.v1",
    }
}

events! {
    /// The events of a lot of a vaccine.
    LotEvent of SERVICE as "lot" on "lot" by (lot) {
        Recalled(LotRecalled) = "lot.recalled.v1",
    }
}

personal_text!(
    /// The reason for a correction or for voiding a dose, in the words of staff.
    DoseReason, "DoseReason", 200, false, Record
);
personal_text!(
    /// The name of the member of staff that gave a dose.
    VaccinatorName, "VaccinatorName", 100, false, Record
);

/// A dose, as far as it is in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoseFacts {
    pub programme: ProgrammeId,
    /// 1 to 9; in a programme with seasons, in the season of its day.
    pub number: u8,
    pub vaccine: VaccineId,
    pub lot: LotNumber,
    /// The last day on which the lot may be used.
    pub expires_on: LocalDate,
    pub given_on: LocalDate,
    /// Where it was given.
    pub site: OrganisationCode,
}

impl DoseFacts {
    pub fn vaccine_lot(&self) -> VaccineLot {
        VaccineLot::new(self.vaccine.clone(), self.lot.clone())
    }
}

/// The part of a dose that is sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoseDetails {
    pub route: VaccineRoute,
    pub given_by: VaccinatorName,
    /// The deviations from the programme's schedule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deviations: Vec<OutsideSchedule>,
}

/// The facts that a person declared before a booking.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclaredFacts {
    /// The groups to which the person says that they belong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = DECLARED_MAX), extend("default" = serde_json::json!([])))]
    pub cohorts: Vec<ProgrammeItemId>,
    /// The questions of the programme that the person answered with yes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = DECLARED_MAX), extend("default" = serde_json::json!([])))]
    pub contraindications: Vec<DeclaredFact>,
}

impl DeclaredFacts {
    /// The person as a programme sees them, with what they declare.
    #[must_use]
    pub fn added_to(&self, facts: PersonFacts) -> PersonFacts {
        let declared = |fact: &DeclaredFact| DeclaredContraindication { id: fact.id.to_string(), on: fact.on };
        PersonFacts {
            cohorts: self.cohorts.iter().map(ToString::to_string).collect(),
            contraindications: self.contraindications.iter().map(declared).collect(),
            ..facts
        }
    }
}

/// The most groups, and the most contraindications, that a person declares.
pub const DECLARED_MAX: usize = 30;

/// A contraindication that a person declared.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclaredFact {
    pub id: ProgrammeItemId,
    /// The day from which a deferral counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<LocalDate>,
}

macro_rules! masked {
    ($($name:ident),+) => {
        $(
            impl PersonalData for $name {
                const KEY: KeyKind = KeyKind::Record;
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("***")
                }
            }
        )+
    };
}
masked!(DoseDetails, DeclaredFacts, DeclaredFact);

/// An appointment for a dose was booked: the decision of the programme. It holds whatever a later edition says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoseBooked {
    pub subject: SubjectId,
    pub programme: ProgrammeId,
    /// The edition that decided, and SHA-256 of its canonical form.
    pub edition: u32,
    pub content_hash: ContentHash,
    /// The number of the dose.
    pub number: u8,
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub declared: Personal<DeclaredFacts>,
    pub booked_at: Timestamp,
}

/// A dose was given to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoseRecorded {
    pub subject: SubjectId,
    pub dose: DoseId,
    pub given: DoseFacts,
    /// The edition of the programme by which it was reviewed.
    pub edition: u32,
    pub details: Personal<DoseDetails>,
    pub recorded_at: Timestamp,
}

/// The record of a dose was wrong. It holds as it is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoseCorrected {
    pub subject: SubjectId,
    pub dose: DoseId,
    pub given: DoseFacts,
    pub edition: u32,
    pub details: Personal<DoseDetails>,
    pub reason: Personal<DoseReason>,
    pub corrected_at: Timestamp,
}

/// A dose that was recorded was not given, or not to this person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoseVoided {
    pub subject: SubjectId,
    pub dose: DoseId,
    pub reason: Personal<DoseReason>,
    pub voided_at: Timestamp,
}

/// The lot of a dose was recalled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoseLotFlagged {
    pub subject: SubjectId,
    pub dose: DoseId,
    pub lot: VaccineLot,
    pub flagged_at: Timestamp,
}

/// A lot of a vaccine was recalled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LotRecalled {
    pub lot: VaccineLot,
    /// The reason, for the people that had the lot.
    pub reason: Line,
    pub recalled_at: Timestamp,
}
