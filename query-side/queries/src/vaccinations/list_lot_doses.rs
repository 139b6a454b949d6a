//! The doses of a lot.

use event_core::{AccessRule, LocalDate, OrganisationCode, SubjectId};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::LotDoses;
use vocabulary::{
    access::{Permission, operator},
    vaccinations::{DoseId, VaccineLot},
};

/// The people that had a lot of a vaccine: the doses with a record that names it, or named it before a correction.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListLotDoses {
    pub lot: VaccineLot,
}

/// A dose of a lot.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LotDose {
    pub subject: SubjectId,
    pub dose: DoseId,
    pub given_on: LocalDate,
    pub site: OrganisationCode,
    /// True once the recall of the lot was recorded with the dose. The person gets a message then.
    pub is_flagged: bool,
}

impl Query for ListLotDoses {
    const NAME: &'static str = "lot-doses";
    const PATH: &'static str = "/vaccine-lots/{lot}/doses";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &operator(Permission::Vaccines);
    const PERSONAL: bool = true;
    type Answer = List<LotDose>;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<LotDose>, QueryError> {
        let rows = context.list::<LotDoses>(Span::whole(LotDoses::partition(&self.lot))).await?;
        Ok(rows.map(|row| LotDose {
            subject: row.subject,
            dose: row.dose,
            given_on: row.given_on,
            site: row.site,
            is_flagged: row.is_flagged,
        }))
    }
}
