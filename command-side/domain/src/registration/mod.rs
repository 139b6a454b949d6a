//! Registration: who is a patient of which practice.

pub mod register_patient;
#[expect(clippy::module_inception, reason = "a state is a file of its own name")]
pub mod registration;
pub mod rejections;

pub use register_patient::RegisterPatient;
pub use registration::Registration;
