//! Read models: which rows an event belongs to, and what becomes of them. Pure: one file a read model.

pub mod projection;

pub mod donor_decision;
pub mod donor_history;
pub mod free_slots;
pub mod my_appointments;
pub mod practice_day;
pub mod practices;

#[cfg(test)]
mod spec;

pub use donor_decision::{DonorChange, DonorDecision, DonorRow, Standing};
pub use donor_history::DonorHistory;
pub use free_slots::{FreeSlotRow, FreeSlots};
pub use my_appointments::{AppointmentRow, AppointmentStatus, MyAppointments};
pub use practice_day::{DayBooking, DayHold, DaySlotRow, PracticeDay};
pub use practices::{PracticeRow, Practices};
pub use projection::{Key, Keys, Projection};

/// Does something with the type of each read model.
pub trait Visitor {
    fn visit<P: Projection>(&mut self);
}

/// A new read model is one line here.
pub fn every_read_model(visitor: &mut impl Visitor) {
    visitor.visit::<Practices>();
    visitor.visit::<FreeSlots>();
    visitor.visit::<MyAppointments>();
    visitor.visit::<PracticeDay>();
    visitor.visit::<DonorDecision>();
    visitor.visit::<DonorHistory>();
}
