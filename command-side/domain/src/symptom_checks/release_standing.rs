//! The standing of a pathway's release: in use, or recalled. A recall is final; a correction is the next release.

use event_core::{Rejected, State};
use vocabulary::symptom_checks::PathwayEvent;

use super::rejections::RELEASE_WITHDRAWN;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReleaseStanding {
    #[default]
    InUse,
    Recalled,
}

impl State for ReleaseStanding {
    type Event = PathwayEvent;

    fn evolve(&mut self, event: &PathwayEvent) {
        match event {
            PathwayEvent::Recalled(_) => *self = ReleaseStanding::Recalled,
        }
    }
}

impl ReleaseStanding {
    /// # Errors
    /// `release-withdrawn`.
    pub fn may_be_used(self) -> Result<(), Rejected> {
        match self {
            ReleaseStanding::InUse => Ok(()),
            ReleaseStanding::Recalled => Err((&RELEASE_WITHDRAWN).into()),
        }
    }
}
