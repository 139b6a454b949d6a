//! The events of the log, in pages.

use event_core::{AccessRule, LogName, LogPosition, Rejection};
use query_engine::{
    Kind, Query, QueryContext, QueryError,
    cloud_events::CloudEvent,
    context::{PositionInCare, refuse_unknown},
    error::UNKNOWN_POSITION,
    parameters::Faulty,
};
use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::access::{Permission, auditor};

use super::batch::{events_of_page, shown};

/// The events of a log in the order of their positions.
///
/// The answer's `Link` header, `rel="next"`, leads on while there is more.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListEvents {
    /// The position after which to begin; from the start of the log `care` where it is absent.
    #[schemars(with = "Option<PositionInCare>")]
    pub after: Option<LogPosition>,
    /// How many events at most: 1 to 500, 50 where it is absent.
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<u32>,
}

impl Query for ListEvents {
    const NAME: &'static str = "events";
    const PATH: &'static str = "/events";
    const KIND: Kind = Kind::Log;
    const WHO: &'static dyn AccessRule = &auditor(Permission::Audit);
    const PERSONAL: bool = true;
    const REJECTIONS: &'static [&'static Rejection] = &[&UNKNOWN_POSITION];
    type Answer = Vec<CloudEvent>;

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<Vec<CloudEvent>, QueryError> {
        let limit = events_of_page(self.limit)?;
        let after = self.after.unwrap_or(LogPosition { log: LogName::Care, position: 0 });
        if after.log != context.log().name() {
            return Err(Faulty::new("after", format!("events are read from the log {}", context.log().name())).into());
        }
        refuse_unknown(context.log(), after.position).await?;
        let end = context.log().end();
        let page = context.log().read(after.position, limit).await?;
        let reached = page.last().map_or(after.position, |event| event.position);
        context.saw_log(reached);
        if reached < end {
            let next = LogPosition { position: reached, ..after };
            context.next_page = Some(format!("/events?after={next}&limit={limit}"));
        }
        shown(page, context)
    }
}
