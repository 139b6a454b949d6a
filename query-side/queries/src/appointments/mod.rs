//! The queries of appointments.

mod list_appointments;
mod search_free_slots;
mod see_appointment;
mod see_practice_day;

pub use list_appointments::{Appointment, ListAppointments, Status, When};
pub use search_free_slots::{FreeSlot, RANGE_DAYS_MAX, RANGE_TOO_LONG, SearchFreeSlots};
pub use see_appointment::{APPOINTMENT_NOT_FOUND, SeeAppointment};
pub use see_practice_day::{Booking, DaySlot, Held, SeePracticeDay, SlotState};

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![entry::<SearchFreeSlots>(), entry::<ListAppointments>(), entry::<SeeAppointment>(), entry::<SeePracticeDay>()]
}
