//! The eligibility of a person for the next dose of a programme.

use event_core::{AccessRule, LocalDate, OrganisationCode, Rejection, SubjectId};
use programmes::{CATALOGUE, Eligibility, GivenDose, PersonFacts, SecondDates, eligibility, together};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{DoseRow, MyDoses, Registrations};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    vaccinations::{DeclaredFacts, PROGRAMME_NOT_FOUND, ProgrammeId},
};

use crate::registrations::NOT_REGISTERED;

/// The number of doses that are read. The rules allow 500 records of a person.
const DOSES_READ: usize = 500;

/// The eligibility of a person for the next dose of a programme on the day of an appointment: by age, by the doses so far, and by the
/// campaigns that are open. What a person declares (groups, contraindications) is not in it, because it would be in an address; it is
/// asked for when the dose is booked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeEligibility {
    pub subject: SubjectId,
    pub programme: ProgrammeId,
    /// The day of the appointment, in London.
    pub on: LocalDate,
    /// The site of the appointment; any site if it is left out.
    pub site: Option<OrganisationCode>,
    /// Only pages have it, because it would be in an address.
    #[serde(skip)]
    pub declared: DeclaredFacts,
}

/// The answer of a programme.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaccinationEligibility {
    pub programme: ProgrammeId,
    /// The edition that gave the answer.
    pub edition: u32,
    #[serde(flatten)]
    pub eligibility: Eligibility,
    /// The answer in words for the person. Absent if the person is eligible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The days for the second dose, if this one is booked on this day and the programme books both together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondDoseDays>,
}

/// The days for a second dose, both included.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecondDoseDays {
    /// The number of the second dose.
    pub dose: u8,
    pub from: LocalDate,
    pub until: LocalDate,
}

impl From<SecondDates> for SecondDoseDays {
    fn from(SecondDates { dose, from, until }: SecondDates) -> SecondDoseDays {
        SecondDoseDays { dose, from, until }
    }
}

impl Query for SeeEligibility {
    const NAME: &'static str = "vaccination-eligibility";
    const PATH: &'static str = "/patients/{subject}/vaccination-eligibility/{programme}";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Vaccinating));
    const PERSONAL: bool = true;
    const REJECTIONS: &'static [&'static Rejection] = &[&PROGRAMME_NOT_FOUND, &NOT_REGISTERED];
    type Answer = VaccinationEligibility;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<VaccinationEligibility, QueryError> {
        let programme = CATALOGUE.newest(self.programme.as_str()).ok_or(&PROGRAMME_NOT_FOUND)?;
        let registered =
            context.row::<Registrations>(&Registrations::key(self.subject)).await?.ok_or(&NOT_REGISTERED)?;
        let doses = Span::whole(MyDoses::partition(self.subject)).beyond(None, DOSES_READ);
        let doses = context.page::<MyDoses>(doses).await?;
        let opener = context.opener([self.subject]).await?;
        let born = opener.open(self.subject, &registered.born_on)?.ok_or(&NOT_REGISTERED)?.0;
        let doses = doses.into_iter().filter(|(_, row)| row.voided_at.is_none()).map(|(_, row)| counted(row));
        let facts = PersonFacts { born, cohorts: Vec::new(), contraindications: Vec::new(), doses: doses.collect() };
        let facts = self.declared.added_to(facts);
        let answer = eligibility(programme, &facts, self.on, self.site.as_ref());
        let words = match &answer {
            Eligibility::Eligible { .. } => None,
            Eligibility::NotYet { why, .. } | Eligibility::Not { why, .. } => Some(why.words(programme)),
        };
        Ok(VaccinationEligibility {
            programme: self.programme.clone(),
            edition: programme.edition(),
            eligibility: answer,
            words,
            second: together(programme, &facts, self.on, self.site.as_ref()).ok().map(SecondDoseDays::from),
        })
    }
}

fn counted(row: DoseRow) -> GivenDose {
    GivenDose {
        programme: row.given.programme.to_string(),
        number: row.given.number,
        vaccine: row.given.vaccine.to_string(),
        on: row.given.given_on,
    }
}
