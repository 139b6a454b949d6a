//! The queries of appointments.

mod attendance;
mod booking_proof;
mod calendar_file;
mod list_appointments;
mod list_clinic_kinds;
mod list_waiting;
mod search_free_slots;
mod see_appointment;
mod see_clinic_session;
mod see_practice_day;
mod see_practice_waiting;
mod see_session_bookings;

pub use attendance::{AttendanceStep, Presence, ShownAttendance};
pub use booking_proof::{BookingProof, SeeBookingProof};
pub use calendar_file::{CalendarFile, SeeCalendarFile};
pub use list_appointments::{Appointment, ListAppointments, Status, When};
pub use list_clinic_kinds::{ClinicKind, ClinicKinds, ListClinicKinds};
pub use list_waiting::{ListWaiting, OpenOffer, WaitingEntry};
pub use search_free_slots::{FreeSlot, RANGE_DAYS_MAX, RANGE_TOO_LONG, SearchFreeSlots};
pub use see_appointment::{APPOINTMENT_NOT_FOUND, SeeAppointment};
pub use see_clinic_session::{CLINIC_SESSION_NOT_FOUND, ClinicSession, SeeClinicSession};
pub use see_practice_day::{Booking, DaySlot, Held, SeePracticeDay, SlotState};
pub use see_practice_waiting::{SeePracticeWaiting, WaitingPerson};
pub use see_session_bookings::{SeeSessionBookings, SessionBooking, SessionBookings};

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![
        entry::<SearchFreeSlots>(),
        entry::<ListAppointments>(),
        entry::<SeeAppointment>(),
        entry::<SeePracticeDay>(),
        entry::<SeeSessionBookings>(),
        entry::<SeeClinicSession>(),
        entry::<ListWaiting>(),
        entry::<SeePracticeWaiting>(),
        entry::<ListClinicKinds>(),
        entry::<SeeCalendarFile>(),
        entry::<SeeBookingProof>(),
    ]
}
