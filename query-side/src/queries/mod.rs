//! The questions that can be asked, a file each. A new one is a file, and a line here.

mod appointments;
mod free_slots;
mod log;
mod organ_donation;
mod organ_donation_history;
mod practice_day;
mod practices;
mod site;

use crate::query::{Entry, entry};

pub fn all() -> Vec<Entry> {
    vec![
        entry::<free_slots::SearchFreeSlots>(),
        entry::<appointments::ListAppointments>(),
        entry::<practice_day::SeePracticeDay>(),
        entry::<organ_donation::SeeOrganDonation>(),
        entry::<organ_donation_history::ListOrganDonationHistory>(),
        entry::<practices::ListPractices>(),
        entry::<log::ListEvents>(),
        entry::<log::ListStreamEvents>(),
    ]
}
