//! The programmes of vaccinations.

use event_core::{AccessRule, access::ANY_AUTHENTICATED};
use programmes::{CATALOGUE, ContentHash, ContraindicationEffect, Programme, VaccineRoute};
use query_engine::{Kind, Query, QueryContext, QueryError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::{
    appointments::ServiceType,
    vaccinations::{ProgrammeId, VaccineId},
};

/// The programmes of vaccinations: the newest edition of each.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListProgrammes {}

/// Programmes, in the order of their ids.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaccinationProgrammes {
    pub programmes: Vec<OfferedProgramme>,
}

/// A programme of vaccinations.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferedProgramme {
    pub programme: ProgrammeId,
    pub edition: u32,
    /// SHA-256 of the edition's canonical form (RFC 8785).
    pub content_hash: ContentHash,
    pub title: String,
    pub about: String,
    /// The service type of its appointments.
    pub service: ServiceType,
    pub vaccines: Vec<OfferedVaccine>,
    /// The questions before a booking; "yes" is a contraindication.
    pub contraindications: Vec<DeclarableContraindication>,
    /// The groups to which a person can say that they belong.
    pub cohorts: Vec<DeclarableCohort>,
}

/// A vaccine of a programme.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferedVaccine {
    pub vaccine: VaccineId,
    /// The name that is printed on the package.
    pub name: String,
    pub manufacturer: String,
    pub routes: Vec<VaccineRoute>,
}

/// A question about a contraindication.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeclarableContraindication {
    pub id: String,
    pub question: String,
    /// Days from the day that the person names on. Absent if the person cannot book at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defers_days: Option<u16>,
    pub advice: String,
}

/// People with something in common besides their age.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeclarableCohort {
    pub id: String,
    pub words: String,
}

impl OfferedProgramme {
    /// `None` if an id of the file is none of this API, which a test of the vocabulary excludes.
    pub fn of(programme: &Programme) -> Option<OfferedProgramme> {
        let document = programme.document();
        let vaccines = document.vaccines.iter().filter_map(|vaccine| {
            Some(OfferedVaccine {
                vaccine: vaccine.id.parse().ok()?,
                name: vaccine.name.clone(),
                manufacturer: vaccine.manufacturer.clone(),
                routes: vaccine.routes.clone(),
            })
        });
        let contraindications = document.contraindications.iter().map(|known| DeclarableContraindication {
            id: known.id.clone(),
            question: known.question.clone(),
            defers_days: match &known.effect {
                ContraindicationEffect::Excludes { .. } => None,
                ContraindicationEffect::Defers { days, .. } => Some(*days),
            },
            advice: known.effect.advice().to_owned(),
        });
        let cohorts = document.cohorts.iter().filter(|cohort| cohort.declared);
        let cohorts = cohorts.map(|cohort| DeclarableCohort { id: cohort.id.clone(), words: cohort.words.clone() });
        Some(OfferedProgramme {
            programme: programme.id().parse().ok()?,
            edition: programme.edition(),
            content_hash: programme.content_hash(),
            title: document.title.clone(),
            about: document.about.clone(),
            service: programme.service_type().parse().ok()?,
            vaccines: vaccines.collect(),
            contraindications: contraindications.collect(),
            cohorts: cohorts.collect(),
        })
    }
}

impl Query for ListProgrammes {
    const NAME: &'static str = "vaccination-programmes";
    const PATH: &'static str = "/vaccination-programmes";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = ANY_AUTHENTICATED;
    const PERSONAL: bool = false;
    type Answer = VaccinationProgrammes;

    async fn answer(&self, _: &mut QueryContext<'_>) -> Result<VaccinationProgrammes, QueryError> {
        let newest = CATALOGUE
            .all()
            .filter(|one| CATALOGUE.newest(one.id()).is_some_and(|newest| newest.edition() == one.edition()));
        Ok(VaccinationProgrammes { programmes: newest.filter_map(OfferedProgramme::of).collect() })
    }
}
