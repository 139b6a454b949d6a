//! The policies of repeat prescriptions: an approved request is sent to its pharmacy, and a request is completed when
//! nothing is left to do.

mod complete_requests;
mod send_prescriptions;

pub use complete_requests::CompleteRequests;
pub use send_prescriptions::SendPrescriptions;

use event_core::PolicyVisitor;

/// A new policy of this service is one line here.
pub(crate) fn visit(visitor: &mut impl PolicyVisitor) {
    visitor.visit::<SendPrescriptions>();
    visitor.visit::<CompleteRequests>();
}
