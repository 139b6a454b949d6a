//! The read models of organ donation: the decision that stands, and the steps that led to it.

mod donor_decision;
mod donor_history;

pub use donor_decision::{DonorChange, DonorDecision, DonorRow, Standing};
pub use donor_history::DonorHistory;

use crate::Visitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl Visitor) {
    visitor.visit::<DonorDecision>();
    visitor.visit::<DonorHistory>();
}
