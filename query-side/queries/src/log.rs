//! The log, for auditors: each event with its subject, its caller and its time, without the values of personal fields.
//! The requests of auditors are recorded themselves once the access log is written.

use event_core::{AccessRule, LogName, LogPosition, Raw, Rejection, StreamName};
use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::access::{Permission, auditor};

use query_engine::{
    Kind, Query, QueryContext, QueryEntry, QueryError,
    cloud_events::CloudEvent,
    context::{PositionInCare, refuse_unknown},
    entry,
    error::UNKNOWN_POSITION,
    page::{ITEMS_DEFAULT, ITEMS_MAX},
    parameters::Faulty,
};

const FIRST_REVISION: u64 = 1;

/// The auditor's queries. They belong to no health service.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![entry::<ListEvents>(), entry::<ListStreamEvents>()]
}

/// The events of a log in the order of their positions.
///
/// The answer's `Link` header, `rel="next"`, leads on while there is more.
#[derive(Debug, Deserialize, JsonSchema)]
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

/// The events of one stream in the order of their revisions.
///
/// The answer's `Link` header, `rel="next"`, leads on while there is more. A stream without events is an empty batch.
#[derive(Debug, Deserialize, JsonSchema)]
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

fn events_of_page(limit: Option<u32>) -> Result<usize, Faulty> {
    let limit = limit.map_or(ITEMS_DEFAULT, |limit| limit as usize);
    if (1..=ITEMS_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Faulty::new("limit", format!("it is 1 to {ITEMS_MAX}")))
    }
}

fn shown(page: Vec<Raw>, context: &QueryContext<'_>) -> Result<Vec<CloudEvent>, QueryError> {
    let lineage = context.log().lineage();
    page.into_iter()
        .map(|event| {
            let position = event.position;
            CloudEvent::of(event, lineage)
                .map_err(|cause| QueryError::Broken(format!("event {position} does not read: {cause}")))
        })
        .collect()
}
