//! The read model of carers.

mod carer_list;

pub use carer_list::{CarerRow, MyCarers};

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<MyCarers>();
}
