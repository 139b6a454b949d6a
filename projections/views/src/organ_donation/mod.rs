//! The read models of organ donation: the decision that stands, and the steps that led to it.

mod donor_decision;
mod donor_history;

pub use donor_decision::{DonorChange, DonorDecision, DonorRow, Standing};
pub use donor_history::DonorHistory;

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<DonorDecision>();
    visitor.visit::<DonorHistory>();
}
