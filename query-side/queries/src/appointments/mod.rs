//! The queries of appointments.

mod list_appointments;
mod search_free_slots;
mod see_practice_day;
mod site;

use list_appointments::ListAppointments;
use search_free_slots::SearchFreeSlots;
use see_practice_day::SeePracticeDay;

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub fn all() -> Vec<QueryEntry> {
    vec![entry::<SearchFreeSlots>(), entry::<ListAppointments>(), entry::<SeePracticeDay>()]
}
