//! Appointments: clinic sessions, their slots, and what patients have booked.

pub mod amend_appointment;
pub mod book_appointment;
pub mod cancel_appointment;
pub mod diary;
pub mod hold_slot;
pub mod publish_session;
pub mod publishing_day;
pub mod rejections;
pub mod release_hold;
pub mod reschedule_appointment;
pub mod session;
pub mod withdraw_session;

pub use amend_appointment::AmendAppointment;
pub use book_appointment::BookAppointment;
pub use cancel_appointment::CancelAppointment;
pub use diary::Diary;
pub use hold_slot::HoldSlot;
pub use publish_session::PublishSession;
pub use publishing_day::PublishingDay;
pub use release_hold::ReleaseHold;
pub use reschedule_appointment::RescheduleAppointment;
pub use session::Session;
pub use withdraw_session::WithdrawSession;
