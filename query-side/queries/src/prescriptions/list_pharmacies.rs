//! The pharmacies of this installation.

use event_core::{AccessRule, access::ANY_AUTHENTICATED};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::Deserialize;
use views::Pharmacies;

use super::PharmacyPlace;

/// The pharmacies to which prescriptions can be sent, in the order of their codes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListPharmacies {}

impl Query for ListPharmacies {
    const NAME: &'static str = "pharmacies";
    const PATH: &'static str = "/pharmacies";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = ANY_AUTHENTICATED;
    const PERSONAL: bool = false;
    type Answer = List<PharmacyPlace>;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<PharmacyPlace>, QueryError> {
        let rows = context.list::<Pharmacies>(Span::whole(Pharmacies::PARTITION)).await?;
        Ok(rows.map(|row| PharmacyPlace { code: row.pharmacy, name: Some(row.name), address: Some(row.address) }))
    }
}
