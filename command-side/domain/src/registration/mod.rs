//! Registration: who is a patient of which practice.

pub mod register_patient;
pub mod registration;
pub mod rejections;

pub use register_patient::RegisterPatient;
pub use registration::Registration;
