//! The sources that queries read.

use std::sync::Arc;

use event_core::{Timestamp, personal::SubjectKeyRing};
use event_log::Log;
use http_edge::Gate;
use projection_engine::Views;

use crate::service_values::ServiceValues;

/// The time of a query.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The sources that queries read, and the gate that admits their callers.
pub struct QuerySources {
    pub views: Views,
    /// The log that the views follow.
    pub log: Log,
    /// Opens the fields that the command engine of this log seals.
    pub keys: Arc<dyn SubjectKeyRing>,
    pub gate: Arc<dyn Gate>,
    pub clock: Clock,
    pub values: ServiceValues,
}
