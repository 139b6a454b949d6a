//! The read models of repeat prescriptions: pharmacies and nominations, the plans and requests of a patient, the requests
//! that wait for a practice, and the work of a pharmacy.

mod approval_queue;
mod my_prescriptions;
mod nominations;
mod pharmacy_list;
mod pharmacy_work;
mod repeat_plans;

#[cfg(test)]
mod scenes;

pub use approval_queue::{ApprovalQueue, ApprovalRow};
pub use my_prescriptions::{MyPrescriptions, PrescriptionItemRow, PrescriptionRow, StageStep};
pub use nominations::{NominationRow, Nominations};
pub use pharmacy_list::{Pharmacies, PharmacyRow};
pub use pharmacy_work::{PharmacyWork, WorkRow};
pub use repeat_plans::{RepeatPlanRow, RepeatPlans};

use event_core::{ProjectionVisitor, SubjectId, Timestamp};
use vocabulary::prescriptions::RepeatRequestId;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<Pharmacies>();
    visitor.visit::<Nominations>();
    visitor.visit::<RepeatPlans>();
    visitor.visit::<MyPrescriptions>();
    visitor.visit::<ApprovalQueue>();
    visitor.visit::<PharmacyWork>();
}

/// A sort key by time. Whole seconds have a fixed width; requests of one second are in the order of their ids.
fn by_time(instant: Timestamp, patient: SubjectId, request: &RepeatRequestId) -> String {
    format!("{}.{patient}.{request}", instant.whole_second())
}
