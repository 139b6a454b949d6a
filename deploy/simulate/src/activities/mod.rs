//! The activities of people on a Monday.

mod bookings;
mod desks;
mod donors;
mod looks;
mod messages;
mod prescriptions;
mod slots;
mod symptom_checks;
mod vaccinations;

use crate::activity::Activity;

pub use bookings::GP_CLINIC;
pub use slots::book;

/// All activities. Their order is part of what a seed gives.
pub const ACTIVITIES: [&dyn Activity; 8] = [
    &looks::Looks,
    &bookings::BookingVisits,
    &vaccinations::Vaccinations,
    &prescriptions::Prescriptions,
    &symptom_checks::SymptomChecks,
    &messages::Messages,
    &desks::Desks,
    &donors::DonorVisits,
];
