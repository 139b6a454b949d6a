//! The nominated pharmacy of a patient.

use event_core::{AccessRule, SubjectId, Timestamp};
use query_engine::{Kind, Query, QueryContext, QueryError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::Nominations;
use vocabulary::access::{Capability, IdentityLevel::P5, Permission, patient, proxy, staff};

use super::{PharmacyPlace, pharmacy_place::PharmacyPlaces};

/// The pharmacy to which a patient's prescriptions are sent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeNominatedPharmacy {
    pub subject: SubjectId,
}

/// The pharmacy that a patient has nominated.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NominatedPharmacy {
    /// Absent if none is nominated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pharmacy: Option<PharmacyPlace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nominated_at: Option<Timestamp>,
}

impl Query for SeeNominatedPharmacy {
    const NAME: &'static str = "nominated-pharmacy";
    const PATH: &'static str = "/patients/{subject}/pharmacy";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P5).or(proxy(Capability::View)).or(staff(Permission::Prescribing));
    const PERSONAL: bool = true;
    type Answer = NominatedPharmacy;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<NominatedPharmacy, QueryError> {
        Ok(match context.row::<Nominations>(&Nominations::key(self.subject)).await? {
            Some(row) => NominatedPharmacy {
                pharmacy: Some(PharmacyPlaces::default().get(row.pharmacy, context).await?),
                nominated_at: Some(row.nominated_at),
            },
            None => NominatedPharmacy { pharmacy: None, nominated_at: None },
        })
    }
}
