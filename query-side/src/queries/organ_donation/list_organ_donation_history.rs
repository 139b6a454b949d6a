//! Every step of somebody's decision about organ donation, in pages.

use std::ops::Bound;

use event_core::{AccessRule, SubjectId};
use schemars::JsonSchema;
use serde::Deserialize;
use views::DonorHistory;
use vocabulary::access::{Capability, IdentityLevel::P9, patient, proxy};

use super::see_organ_donation::{Change, change};
use crate::{
    ask::{Ask, Span},
    page::List,
    query::{Kind, Query},
    refusal::Refusal,
};

/// Every step of a person's decision about organ donation, the newest first.
#[derive(Debug, Deserialize, JsonSchema)]
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

    async fn answer(&self, ask: &mut Ask<'_>) -> Result<List<Change>, Refusal> {
        let span = Span {
            partition: DonorHistory::partition(self.subject),
            from: Bound::Unbounded,
            until: Bound::Unbounded,
            backwards: true,
        };
        let rows = ask.list::<DonorHistory>(span).await?;
        let items = rows.items.into_iter().map(change).collect::<Result<_, _>>()?;
        Ok(List { items, next: rows.next })
    }
}
