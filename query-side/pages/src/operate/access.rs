//! Access to the pages for operators.

use std::time::Duration;

use event_core::AccessRule;
use http_edge::Problem;
use page_engine::{Pages, Visitor};
use vocabulary::access::{Permission, operator};

const WHO: &dyn AccessRule = &operator(Permission::Operate);

/// The time between two looks of an open page, while a read model is rebuilt and otherwise: a new sample comes every
/// five seconds.
const LOOK_EVERY_IN_REBUILD: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// # Errors
/// If the visitor may not watch the system.
pub async fn admitted(pages: &Pages, visitor: &Visitor) -> Result<(), Problem> {
    pages.queries.admit(visitor.caller(), WHO).await
}

/// The time within which an open page looks at the system again.
pub fn next_look(is_in_rebuild: bool) -> Duration {
    if is_in_rebuild { LOOK_EVERY_IN_REBUILD } else { LOOK_EVERY }
}
