//! The policy of vaccinations: the recall of a lot reaches the people that had it.

mod lot_recalls;

pub use lot_recalls::LotRecalls;

use event_core::PolicyVisitor;

/// A new policy of this service is one line here.
pub(crate) fn visit(visitor: &mut impl PolicyVisitor) {
    visitor.visit::<LotRecalls>();
}
