//! The site of a booking, joined from the view of practices when it is read: a name that changes shows at once.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;
use views::Practices;
use vocabulary::{OdsCode, text::Line};

use crate::{ask::Ask, refusal::Refusal};

/// Where an appointment takes place.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Site {
    pub ods: OdsCode,
    /// Absent while the practice is not known here yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Line>,
}

/// The sites of one answer, each read once.
#[derive(Default)]
pub struct Sites(HashMap<OdsCode, Site>);

impl Sites {
    pub async fn get(&mut self, ods: OdsCode, ask: &mut Ask<'_>) -> Result<Site, Refusal> {
        if let Some(known) = self.0.get(&ods) {
            return Ok(known.clone());
        }
        let row = practice(&ods, ask).await?;
        let (name, address) = row.map(|row| (row.name, row.address)).unzip();
        let site = Site { ods: ods.clone(), name, address };
        self.0.insert(ods, site.clone());
        Ok(site)
    }
}

pub async fn practice(ods: &OdsCode, ask: &mut Ask<'_>) -> Result<Option<views::PracticeRow>, Refusal> {
    ask.row::<Practices>(&Practices::key(ods)).await
}
