//! Appointments: clinic sessions, their slots, and the bookings of patients.

pub mod amend_appointment;
pub mod book_appointment;
pub mod cancel_appointment;
pub mod diary;
pub mod extend_session;
pub mod hold_slot;
pub mod publish_session;
pub mod publishing_day;
pub mod rejections;
pub mod release_hold;
pub mod reschedule_appointment;
pub mod session;
mod strict;
pub mod withdraw_session;

pub use diary::Diary;
pub use publishing_day::PublishingDay;
pub use session::Session;

event_core::commands! {
    publish_session::PublishSession,
    extend_session::ExtendSession,
    withdraw_session::WithdrawSession,
    hold_slot::HoldSlot,
    release_hold::ReleaseHold,
    book_appointment::BookAppointment,
    reschedule_appointment::RescheduleAppointment,
    cancel_appointment::CancelAppointment,
    amend_appointment::AmendAppointment,
}
