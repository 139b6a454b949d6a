//! The list of all read models. Each service lists its own in its folder.

use crate::{Projection, appointments, organ_donation, practices};

/// Does something with the type of each read model.
pub trait Visitor {
    fn visit<P: Projection>(&mut self);
}

/// A new service is one line here. A new read model is a line in its service's folder.
pub fn every_read_model(visitor: &mut impl Visitor) {
    practices::visit(visitor);
    appointments::visit(visitor);
    organ_donation::visit(visitor);
}
