//! Commands that follow from the events of appointments.

mod orphaned_bookings;
mod practitioner_days;
mod waiting_lists;

#[cfg(test)]
mod waiting_laws;
#[cfg(test)]
mod waiting_observed;

pub use orphaned_bookings::OrphanedBookings;
pub use practitioner_days::PractitionerDays;
pub use waiting_lists::{FreedOrWaiting, WaitingLists};

use event_core::PolicyVisitor;

/// A new policy of this service is one line here.
pub(crate) fn visit(visitor: &mut impl PolicyVisitor) {
    visitor.visit::<OrphanedBookings>();
    visitor.visit::<WaitingLists>();
    visitor.visit::<PractitionerDays>();
}
