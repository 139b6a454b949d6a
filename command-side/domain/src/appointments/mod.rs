//! Appointments: clinic sessions, their slots, and the bookings of patients.

pub mod accept_offer;
pub mod amend_appointment;
pub mod amend_session;
pub mod book_appointment;
pub mod book_together;
pub mod cancel_appointment;
pub mod check_in;
pub mod decline_offer;
pub mod diary;
pub mod extend_session;
pub mod follow_practitioner;
pub mod free_practitioner;
pub mod hold_slot;
pub mod join_waiting_list;
pub mod lapse_offer;
pub mod leave_waiting_list;
pub mod mark_attended;
pub mod mark_did_not_attend;
pub mod offer_slot;
mod offers;
pub mod orphan_booking;
pub mod practitioner_day;
pub mod publish_session;
pub mod publishing_day;
pub mod rejections;
pub mod release_hold;
pub mod reschedule_appointment;
pub mod session;
mod session_limits;
mod strict;
mod vaccination_slots;
pub mod waiting_list;
pub mod withdraw_session;

pub use diary::Diary;
pub use offer_slot::PLACES_AT_ONCE_MAX;
pub use practitioner_day::PractitionerDay;
pub use publishing_day::PublishingDay;
pub use session::Session;
pub use strict::StrictPractitionersDay;
pub use waiting_list::WaitingList;

event_core::commands! {
    publish_session::PublishSession,
    extend_session::ExtendSession,
    withdraw_session::WithdrawSession,
    amend_session::AmendSession,
    orphan_booking::OrphanBooking,
    free_practitioner::FreePractitioner,
    follow_practitioner::FollowPractitioner,
    hold_slot::HoldSlot,
    release_hold::ReleaseHold,
    book_appointment::BookAppointment,
    book_together::BookTogether,
    reschedule_appointment::RescheduleAppointment,
    cancel_appointment::CancelAppointment,
    amend_appointment::AmendAppointment,
    join_waiting_list::JoinWaitingList,
    leave_waiting_list::LeaveWaitingList,
    offer_slot::OfferSlot,
    accept_offer::AcceptOffer,
    decline_offer::DeclineOffer,
    lapse_offer::LapseOffer,
    check_in::CheckIn,
    mark_attended::MarkAttended,
    mark_did_not_attend::MarkDidNotAttend,
}
