//! The query of registrations.

mod patient_details;
mod see_registration;

pub use patient_details::{PatientDetails, RegisteredPatients};
pub use see_registration::{NOT_REGISTERED, PatientRegistration, SeeRegistration};

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![entry::<SeeRegistration>()]
}
