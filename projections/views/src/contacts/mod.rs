//! The read model of contacts.

mod my_contact;

pub use my_contact::{ContactRow, MyContact};

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<MyContact>();
}
