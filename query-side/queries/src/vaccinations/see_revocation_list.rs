//! The revocation list: the passes that are not valid any more although they have not expired.

use event_core::{AccessRule, access::ANYBODY};
use passes::{RevocationList, revocation_list::REVOKED_MAX};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span};
use schemars::JsonSchema;
use serde::Deserialize;
use views::RevokedPasses;

/// The vaccination passes that were revoked and have not expired, as hashes of their identifiers. Verifiers fetch the list while they are
/// online, and check passes with it offline.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeRevocationList {}

impl Query for SeeRevocationList {
    const NAME: &'static str = "pass-revocation-list";
    const PATH: &'static str = "/vaccination-passes/revocation-list";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = ANYBODY;
    const PERSONAL: bool = false;
    type Answer = RevocationList;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<RevocationList, QueryError> {
        let mut revoked = Vec::new();
        for partition in RevokedPasses::partitions(context.now) {
            // The limit of the read is one above the limit of a list, so that a list that would be incomplete is an error below.
            let rows = context.page::<RevokedPasses>(Span::whole(partition).beyond(None, REVOKED_MAX + 1)).await?;
            let valid = rows.into_iter().filter(|(_, row)| row.expires_at > context.now);
            revoked.extend(valid.map(|(_, row)| row.revocation));
        }
        RevocationList::new(context.now, revoked).map_err(|fault| QueryError::Broken(fault.to_string()))
    }
}
