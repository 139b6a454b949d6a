//! The number of a person's unread messages.

use event_core::{AccessRule, SubjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::UnreadMessages;
use vocabulary::access::{Capability, IdentityLevel::P9, patient, proxy};

use query_engine::{Kind, Query, QueryContext, QueryError};

/// The number of a person's unread messages.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CountUnreadMessages {
    pub subject: SubjectId,
}

/// The number of unread messages.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnreadCount {
    pub unread: u64,
}

impl Query for CountUnreadMessages {
    const NAME: &'static str = "unread-messages";
    const PATH: &'static str = "/patients/{subject}/unread-messages";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View));
    const PERSONAL: bool = true;
    type Answer = UnreadCount;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<UnreadCount, QueryError> {
        let row = context.row::<UnreadMessages>(&UnreadMessages::key(self.subject)).await?;
        Ok(UnreadCount { unread: row.map_or(0, |row| row.unread) })
    }
}
