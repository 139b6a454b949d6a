//! The read models of appointments: bookable slots, a patient's appointments, and a practice's day.

mod added_slots;
mod free_slots;
mod my_appointments;
mod practice_day;

pub use free_slots::{FreeSlotRow, FreeSlots};
pub use my_appointments::{AppointmentRow, AppointmentStatus, MyAppointments};
pub use practice_day::{DayBooking, DayHold, DaySlotRow, PracticeDay};

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<FreeSlots>();
    visitor.visit::<MyAppointments>();
    visitor.visit::<PracticeDay>();
}
