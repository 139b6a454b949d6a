//! The queries of repeat prescriptions.

mod list_pharmacies;
mod list_prescriptions;
mod list_repeats;
mod pharmacy_place;
mod see_approval_queue;
mod see_nominated_pharmacy;
mod see_pharmacy_work;

pub use list_pharmacies::ListPharmacies;
pub use list_prescriptions::{ListPrescriptions, RepeatRequest, RequestStep, RequestedMedicine};
pub use list_repeats::{ListRepeats, OrderHindrance, OrderHindranceCode, RepeatMedicine};
pub use pharmacy_place::{PharmacyPlace, PharmacyPlaces};
pub use see_approval_queue::{SeeApprovalQueue, WaitingMedicine, WaitingRequest};
pub use see_nominated_pharmacy::{NominatedPharmacy, SeeNominatedPharmacy};
pub use see_pharmacy_work::{PharmacyTask, SeePharmacyWork};

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![
        entry::<ListPharmacies>(),
        entry::<SeeNominatedPharmacy>(),
        entry::<ListRepeats>(),
        entry::<ListPrescriptions>(),
        entry::<SeeApprovalQueue>(),
        entry::<SeePharmacyWork>(),
    ]
}
