//! One practice.

use event_core::{AccessRule, OrganisationCode, Rejection, access::ANY_AUTHENTICATED};
use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::practices::PRACTICE_NOT_FOUND;

use super::{list_practices::PracticeDetails, site::practice};
use query_engine::{Kind, Query, QueryContext, QueryError};

/// A practice and what it has set for itself.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeePractice {
    pub practice: OrganisationCode,
}

impl Query for SeePractice {
    const NAME: &'static str = "practice";
    const PATH: &'static str = "/practices/{practice}";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = ANY_AUTHENTICATED;
    const PERSONAL: bool = false;
    const REJECTIONS: &'static [&'static Rejection] = &[&PRACTICE_NOT_FOUND];
    type Answer = PracticeDetails;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<PracticeDetails, QueryError> {
        Ok(practice(&self.practice, context).await?.ok_or(&PRACTICE_NOT_FOUND)?.into())
    }
}
