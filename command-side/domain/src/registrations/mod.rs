//! Registrations of patients at practices.

pub mod register_patient;
pub mod registration;
pub mod rejections;

pub use registration::has_to_be_at;

event_core::commands! {
    register_patient::RegisterPatient,
}
