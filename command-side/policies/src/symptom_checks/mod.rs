//! The policy of symptom checks: the recall of a release reaches every check that used it.

mod recalled_checks;

pub use recalled_checks::RecalledChecks;

use event_core::PolicyVisitor;

/// A new policy of this service is one line here.
pub(crate) fn visit(visitor: &mut impl PolicyVisitor) {
    visitor.visit::<RecalledChecks>();
}
