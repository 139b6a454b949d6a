//! A pharmacy as answers name it, joined from the view of pharmacies when it is read.

use std::collections::HashMap;

use event_core::{OrganisationCode, text::Line};
use query_engine::{QueryContext, QueryError};
use schemars::JsonSchema;
use serde::Serialize;
use views::Pharmacies;

/// A pharmacy: where prescriptions are sent.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PharmacyPlace {
    pub code: OrganisationCode,
    /// Absent while the pharmacy is not known here yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Line>,
}

/// The pharmacies of one answer, each read once.
#[derive(Default)]
pub struct PharmacyPlaces(HashMap<OrganisationCode, PharmacyPlace>);

impl PharmacyPlaces {
    pub async fn get(
        &mut self,
        code: OrganisationCode,
        context: &mut QueryContext<'_>,
    ) -> Result<PharmacyPlace, QueryError> {
        if let Some(known) = self.0.get(&code) {
            return Ok(known.clone());
        }
        let row = context.row::<Pharmacies>(&Pharmacies::key(&code)).await?;
        let (name, address) = row.map(|row| (row.name, row.address)).unzip();
        let place = PharmacyPlace { code: code.clone(), name, address };
        self.0.insert(code, place.clone());
        Ok(place)
    }
}
