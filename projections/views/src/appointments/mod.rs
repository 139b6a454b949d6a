//! The read models of appointments: bookable slots, a patient's appointments, a practice's day, what a patient
//! waits for, the waiting lists of a practice, and clinic sessions.

mod added_slots;
mod attendance;
mod clinic_sessions;
mod free_slots;
mod my_appointments;
mod my_waiting;
mod practice_day;
mod practice_waiting;

pub use attendance::{Attendance, AttendanceState};
pub use clinic_sessions::{ClinicSessionRow, ClinicSessions};
pub use free_slots::{FreeSlotRow, FreeSlots};
pub use my_appointments::{AppointmentRow, AppointmentStatus, MyAppointments};
pub use my_waiting::{MyWaiting, WaitingOffer, WaitingRow};
pub use practice_day::{DayBooking, DayHold, DaySlotRow, PracticeDay};
pub use practice_waiting::{PracticeWaiting, WaiterRow};

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<FreeSlots>();
    visitor.visit::<MyAppointments>();
    visitor.visit::<PracticeDay>();
    visitor.visit::<MyWaiting>();
    visitor.visit::<ClinicSessions>();
    visitor.visit::<PracticeWaiting>();
}
