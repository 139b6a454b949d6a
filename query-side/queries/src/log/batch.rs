//! The parts that the queries of the log share: the size of an answer, and events without personal fields.

use event_core::Raw;
use query_engine::{
    QueryContext, QueryError,
    cloud_events::CloudEvent,
    page::{ITEMS_DEFAULT, ITEMS_MAX},
    parameters::Faulty,
};

pub const FIRST_REVISION: u64 = 1;

pub fn events_of_page(limit: Option<u32>) -> Result<usize, Faulty> {
    let limit = limit.map_or(ITEMS_DEFAULT, |limit| limit as usize);
    if (1..=ITEMS_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Faulty::new("limit", format!("it is 1 to {ITEMS_MAX}")))
    }
}

pub fn shown(page: impl IntoIterator<Item = Raw>, context: &QueryContext<'_>) -> Result<Vec<CloudEvent>, QueryError> {
    let lineage = context.log().lineage();
    page.into_iter()
        .map(|event| {
            let position = event.position;
            CloudEvent::of(event, lineage)
                .map_err(|cause| QueryError::Broken(format!("event {position} does not read: {cause}")))
        })
        .collect()
}
