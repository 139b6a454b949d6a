//! The trust list: the keys of valid passes.

use std::sync::Arc;

use event_core::{AccessRule, Rejection, access::ANYBODY};
use passes::{IssuingKeys, TrustList, trust_list::TrustListDocument};
use query_engine::{Kind, Query, QueryContext, QueryError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::see_pass::NO_PASS_KEY;

/// The keys that sign vaccination passes, and those that have signed passes that are still valid. Verifiers fetch the list while they
/// are online, and check passes with it offline.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeTrustList {}

impl Query for SeeTrustList {
    const NAME: &'static str = "pass-trust-list";
    const PATH: &'static str = "/vaccination-passes/trust-list";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = ANYBODY;
    const PERSONAL: bool = false;
    const REJECTIONS: &'static [&'static Rejection] = &[&NO_PASS_KEY];
    type Answer = TrustListDocument;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<TrustListDocument, QueryError> {
        let keys: Arc<IssuingKeys> = context.service_value().ok_or(&NO_PASS_KEY)?;
        Ok(TrustList::of(&keys, context.now).document())
    }
}
