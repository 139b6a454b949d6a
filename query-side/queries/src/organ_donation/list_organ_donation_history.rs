//! Every step of a person's decision about organ donation, in pages.

use std::ops::Bound;

use event_core::{AccessRule, SubjectId};
use schemars::JsonSchema;
use serde::Deserialize;
use views::DonorHistory;
use vocabulary::access::{Capability, IdentityLevel::P9, patient, proxy};

use super::see_organ_donation::{Change, change};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List};

/// Every step of a person's decision about organ donation, the newest first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListOrganDonationHistory {
    pub subject: SubjectId,
}

impl Query for ListOrganDonationHistory {
    const NAME: &'static str = "organ-donation-history";
    const PATH: &'static str = "/patients/{subject}/organ-donation/history";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View));
    const PERSONAL: bool = true;
    type Answer = List<Change>;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<Change>, QueryError> {
        let span = Span {
            partition: DonorHistory::partition(self.subject),
            from: Bound::Unbounded,
            until: Bound::Unbounded,
            backwards: true,
        };
        let rows = context.list::<DonorHistory>(span).await?;
        let opener = context.opener(rows.items.first().map(|_| self.subject)).await?;
        let shown = |step| change(self.subject, step, &opener);
        let items = rows.items.into_iter().map(shown).collect::<Result<_, _>>()?;
        Ok(List { items, next: rows.next })
    }
}
