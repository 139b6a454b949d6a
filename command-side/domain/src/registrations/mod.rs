//! Registrations: who is a patient of which practice.

pub mod register_patient;
pub mod registration;
pub mod rejections;

pub use registration::Registration;

event_core::commands! {
    register_patient::RegisterPatient,
}
