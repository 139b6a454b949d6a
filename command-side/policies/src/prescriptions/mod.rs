//! The policies and the gateway of repeat prescriptions: an approved request is sent to its pharmacy, and a request is
//! completed when nothing is left to do.

mod complete_requests;
mod send_prescriptions;
mod to_pharmacies;

pub use complete_requests::CompleteRequests;
pub use send_prescriptions::SendPrescriptions;
pub use to_pharmacies::ToPharmacies;

use event_core::{GatewayVisitor, PolicyVisitor};

/// A new policy of this service is one line here.
pub(crate) fn visit(visitor: &mut impl PolicyVisitor) {
    visitor.visit::<SendPrescriptions>();
    visitor.visit::<CompleteRequests>();
}

pub(crate) fn visit_gateways(visitor: &mut impl GatewayVisitor) {
    visitor.visit_gateway::<ToPharmacies>();
}
