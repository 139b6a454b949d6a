//! The practices of this installation.

use event_core::{AccessRule, OrganisationCode, access::ANY_AUTHENTICATED, text::Line};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{PracticeRow, Practices};
use vocabulary::practices::PracticeSettings;

use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List};

/// The practices, in the order of their codes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListPractices {}

/// A practice and what it has set for itself.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PracticeDetails {
    pub practice: OrganisationCode,
    pub name: Line,
    /// In one line, as on a letter.
    pub address: Line,
    pub settings: PracticeSettings,
}

impl Query for ListPractices {
    const NAME: &'static str = "practices";
    const PATH: &'static str = "/practices";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = ANY_AUTHENTICATED;
    const PERSONAL: bool = false;
    type Answer = List<PracticeDetails>;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<PracticeDetails>, QueryError> {
        let rows = context.list::<Practices>(Span::whole(Practices::PARTITION)).await?;
        Ok(rows.map(PracticeDetails::from))
    }
}

impl From<PracticeRow> for PracticeDetails {
    fn from(row: PracticeRow) -> PracticeDetails {
        PracticeDetails { practice: row.practice, name: row.name, address: row.address, settings: row.settings }
    }
}
