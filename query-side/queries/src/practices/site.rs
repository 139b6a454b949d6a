//! A practice as the answers of other services name it, joined from the view of practices when it is read: a name that
//! changes shows at once.

use std::collections::HashMap;

use event_core::{OrganisationCode, text::Line};
use schemars::JsonSchema;
use serde::Serialize;
use views::Practices;

use query_engine::{QueryContext, QueryError};

/// A practice: where an appointment takes place, or where a patient is registered.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Site {
    pub code: OrganisationCode,
    /// Absent while the practice is not known here yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Line>,
}

/// The sites of one answer, each read once.
#[derive(Default)]
pub struct Sites(HashMap<OrganisationCode, Site>);

impl Sites {
    pub async fn get(&mut self, code: OrganisationCode, context: &mut QueryContext<'_>) -> Result<Site, QueryError> {
        if let Some(known) = self.0.get(&code) {
            return Ok(known.clone());
        }
        let row = practice(&code, context).await?;
        let (name, address) = row.map(|row| (row.name, row.address)).unzip();
        let site = Site { code: code.clone(), name, address };
        self.0.insert(code, site.clone());
        Ok(site)
    }
}

pub async fn practice(
    code: &OrganisationCode,
    context: &mut QueryContext<'_>,
) -> Result<Option<views::PracticeRow>, QueryError> {
    context.row::<Practices>(&Practices::key(code)).await
}
