//! The events of one stream, in pages.

use event_core::{AccessRule, StreamName};
use query_engine::{Kind, Query, QueryContext, QueryError, cloud_events::CloudEvent};
use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::access::{Permission, auditor};

use super::batch::{FIRST_REVISION, events_of_page, shown};

/// The events of one stream in the order of their revisions.
///
/// The answer's `Link` header, `rel="next"`, leads on while there is more. A stream without events is an empty batch.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListStreamEvents {
    pub stream: StreamName,
    /// The revision with which to begin; 1 where it is absent.
    pub from: Option<u64>,
    /// How many events at most: 1 to 500, 50 where it is absent.
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<u32>,
}

impl Query for ListStreamEvents {
    const NAME: &'static str = "stream";
    const PATH: &'static str = "/streams/{stream}";
    const KIND: Kind = Kind::Log;
    const WHO: &'static dyn AccessRule = &auditor(Permission::Audit);
    const PERSONAL: bool = true;
    type Answer = Vec<CloudEvent>;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<Vec<CloudEvent>, QueryError> {
        let limit = events_of_page(self.limit)?;
        let from = self.from.unwrap_or(FIRST_REVISION).max(FIRST_REVISION);
        // Before the read: what is stored meanwhile may be missing.
        context.saw_log(context.log().end());
        let page = context.log().read_stream(&self.stream, from, limit).await?;
        // The page may end before `limit`: it is bounded in bytes, too.
        if let Some(last) = page.last().filter(|_| page.goes_on) {
            let next = last.revision + 1;
            context.next_page = Some(format!("/streams/{}?from={next}&limit={limit}", self.stream));
        }
        shown(page.events, context)
    }
}
