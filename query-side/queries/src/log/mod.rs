//! The log, for auditors: each event with its subject, its caller and its time, without the values of personal fields.
//! The requests of auditors are recorded themselves once the access log is written.

mod batch;
mod fields;
mod find_event_by_time;
mod list_events;
mod list_stream_events;
mod search_events;
mod see_stream_fields;

use query_engine::{QueryEntry, entry};

pub use fields::{FieldChange, FieldFold, StreamField};
pub use find_event_by_time::{FindEventByTime, FoundByTime};
pub use list_events::ListEvents;
pub use list_stream_events::ListStreamEvents;
pub use search_events::{FoundEvents, KIND_CHARACTERS_MAX, LOOKED_MAX, SearchEvents, SearchOrder};
pub use see_stream_fields::{SeeStreamFields, StreamFields};

/// The auditor's queries. They belong to no health service.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![
        entry::<ListEvents>(),
        entry::<SearchEvents>(),
        entry::<FindEventByTime>(),
        entry::<ListStreamEvents>(),
        entry::<SeeStreamFields>(),
    ]
}
