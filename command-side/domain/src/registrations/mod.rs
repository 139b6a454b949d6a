//! Registrations: who is a patient of which practice.

pub mod register_patient;
pub mod registration;
pub mod rejections;

pub use registration::has_to_be_at;

event_core::commands! {
    register_patient::RegisterPatient,
}
