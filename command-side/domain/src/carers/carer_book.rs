//! The carers of one person.

use std::collections::BTreeMap;

use event_core::{Personal, Rejected, State, Timestamp};
use vocabulary::{
    carers::{CarerDetails, CarerEvent, CarerId},
    time::LONDON,
};

use super::rejections::TOO_MANY_CARER_CHANGES;
use crate::daily::Daily;

/// The maximum number of carers that one person has at a time.
pub const CARERS_MAX: usize = 5;

/// The number of carers that one person may register on one day (in London): without a limit one person could fill the
/// stream. Removing has no limit.
pub const REGISTRATIONS_A_DAY_MAX: u32 = 20;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CarerBook {
    pub by_id: BTreeMap<CarerId, Personal<CarerDetails>>,
    registrations: Daily,
}

impl State for CarerBook {
    type Event = CarerEvent;

    fn evolve(&mut self, event: &CarerEvent) {
        match event {
            CarerEvent::Registered(registered) => {
                self.by_id.insert(registered.carer.clone(), registered.details.clone());
                self.registrations.count(LONDON.day(registered.registered_at));
            }
            CarerEvent::Removed(removed) => {
                self.by_id.remove(&removed.carer);
            }
        }
    }
}

impl CarerBook {
    /// # Errors
    /// `too-many-carer-changes`.
    pub fn may_register(&self, now: Timestamp) -> Result<(), Rejected> {
        if self.registrations.on(LONDON.day(now)) < REGISTRATIONS_A_DAY_MAX {
            Ok(())
        } else {
            Err(TOO_MANY_CARER_CHANGES.with("limit", REGISTRATIONS_A_DAY_MAX))
        }
    }
}
