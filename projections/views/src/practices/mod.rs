//! The read models of practices.

mod practice_list;

pub use practice_list::{PracticeRow, Practices};

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<Practices>();
}
