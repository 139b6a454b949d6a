//! The read model of registrations.

mod registration_list;

pub use registration_list::{RegistrationRow, Registrations};

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<Registrations>();
}
