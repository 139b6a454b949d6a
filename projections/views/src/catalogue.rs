//! The list of all read models. Each service lists its own in its folder.

use event_core::ProjectionVisitor;

use crate::{
    appointments, carers, contacts, messages, organ_donation, practices, prescriptions, registrations, symptom_checks,
    vaccinations,
};

/// A new service is one line here. A new read model is a line in its service's folder.
pub fn every_read_model(visitor: &mut impl ProjectionVisitor) {
    practices::visit(visitor);
    appointments::visit(visitor);
    organ_donation::visit(visitor);
    carers::visit(visitor);
    contacts::visit(visitor);
    messages::visit(visitor);
    prescriptions::visit(visitor);
    registrations::visit(visitor);
    symptom_checks::visit(visitor);
    vaccinations::visit(visitor);
}
