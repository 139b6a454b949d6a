//! The pathways with which symptom checks start.

use event_core::{AccessRule, access::ANY_AUTHENTICATED};
use pathways::{CATALOGUE, ContentHash, Party, Release, Sex};
use query_engine::{Kind, Query, QueryContext, QueryError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::RecalledReleases;
use vocabulary::symptom_checks::PathwayReleaseId;

use super::NOT_FOR_CLINICAL_USE;

/// The pathways with which symptom checks start: the newest release of each. One that was recalled is not among them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListPathways {}

/// Pathways, in the order of their ids.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SymptomPathways {
    pub pathways: Vec<OfferedPathway>,
    /// To be shown with every question and all advice.
    pub notice: &'static str,
}

/// A pathway, with the ages, sexes and parties that it is made for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferedPathway {
    pub release: PathwayReleaseId,
    /// SHA-256 of the release's canonical form (RFC 8785).
    pub content_hash: ContentHash,
    pub title: String,
    pub about: String,
    /// In whole years; both are included.
    pub age_min: u8,
    pub age_max: u8,
    pub sexes: Vec<Sex>,
    /// `first` if a person may answer for themselves, `third` if for another person.
    pub parties: Vec<Party>,
}

impl OfferedPathway {
    fn of(release: &Release, id: PathwayReleaseId) -> OfferedPathway {
        let document = release.document();
        OfferedPathway {
            release: id,
            content_hash: release.content_hash(),
            title: document.title.clone(),
            about: document.about.clone(),
            age_min: document.ages.min,
            age_max: document.ages.max,
            sexes: document.sexes.clone(),
            parties: document.parties.clone(),
        }
    }
}

impl Query for ListPathways {
    const NAME: &'static str = "pathways";
    const PATH: &'static str = "/pathways";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = ANY_AUTHENTICATED;
    const PERSONAL: bool = false;
    type Answer = SymptomPathways;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<SymptomPathways, QueryError> {
        let newest = CATALOGUE.all().filter(|release| {
            CATALOGUE.newest(release.pathway()).is_some_and(|newest| newest.number() == release.number())
        });
        let ids = newest.filter_map(|release| {
            let id: PathwayReleaseId = format!("{}.{}", release.pathway(), release.number()).parse().ok()?;
            Some((release, id))
        });
        let offered: Vec<(&Release, PathwayReleaseId)> = ids.collect();
        let keys: Vec<_> = offered.iter().map(|(_, id)| RecalledReleases::key(id)).collect();
        let recalled = context.rows::<RecalledReleases>(&keys).await?;
        let in_use = offered.into_iter().zip(recalled).filter(|(_, recalled)| recalled.is_none());
        let pathways = in_use.map(|((release, id), _)| OfferedPathway::of(release, id)).collect();
        Ok(SymptomPathways { pathways, notice: NOT_FOR_CLINICAL_USE })
    }
}
