//! The sites of a vaccination programme.

use event_core::{AccessRule, LocalDate, access::ANY_AUTHENTICATED};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::VaccinationSites;
use vocabulary::vaccinations::ProgrammeId;

use crate::practices::{Site, Sites};

/// The sites that have published sessions of a vaccination programme, in the order of their codes. `/free-slots` says what is free there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListVaccinationSites {
    pub programme: ProgrammeId,
}

/// A site of a programme.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaccinationSite {
    pub site: Site,
    /// The last day for which it has published a session, also if that session was withdrawn.
    pub until: LocalDate,
}

impl Query for ListVaccinationSites {
    const NAME: &'static str = "vaccination-sites";
    const PATH: &'static str = "/vaccination-programmes/{programme}/sites";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = ANY_AUTHENTICATED;
    const PERSONAL: bool = false;
    type Answer = List<VaccinationSite>;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<VaccinationSite>, QueryError> {
        let rows = context.list::<VaccinationSites>(Span::whole(VaccinationSites::partition(&self.programme))).await?;
        let (mut sites, mut items) = (Sites::default(), Vec::new());
        for row in rows.items {
            items.push(VaccinationSite { site: sites.get(row.site, context).await?, until: row.until });
        }
        Ok(List { items, next: rows.next })
    }
}
