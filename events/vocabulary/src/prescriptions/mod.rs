//! Repeat prescriptions: the repeat plans, open requests and nominated pharmacy of one patient (stream
//! `repeat-<subject>`), a request from its order to its end (stream `prescription-<subject>.<request>`), and the
//! pharmacies (stream `pharmacy-<code>`).

mod dispensing;
mod ids;
mod medicine;
mod plan_standing;
mod prescription_id;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use event_core::{LocalDate, OrganisationCode, Personal, Service, SubjectId, Timestamp, events, text::Line};

pub use dispensing::{DispenseStatus, DispenseStep, DispenseTimeline};
pub use ids::{PlanId, RepeatRequestId};
pub use medicine::{DoseText, Medicine, MedicineCode, MedicineName, QuantityText, RefusalReason, RequestNote};
pub use plan_standing::{OpenRequest, OrderRefusal, PlanStanding};
pub use prescription_id::PrescriptionId;

pub static SERVICE: Service = Service {
    name: "prescriptions",
    categories: &[RepeatEvent::ABOUT, PrescriptionEvent::ABOUT, PharmacyEvent::ABOUT],
};

events! {
    /// The events of one patient's repeat plans, of the requests that are open for them, and of the nominated pharmacy.
    RepeatEvent of SERVICE as "repeat" on "repeat" by (patient) {
        Authorised(RepeatAuthorised) = "repeat.authorised.v1",
        Changed(RepeatChanged) = "repeat.changed.v1",
        Stopped(RepeatStopped) = "repeat.stopped.v1",
        Requested(RepeatsRequested) = "repeat.requested.v1",
        Issued(RepeatsIssued) = "repeat.issued.v1",
        Settled(RepeatsSettled) = "repeat.settled.v1",
        Nominated(PharmacyNominated) = "repeat.pharmacy-nominated.v1",
        Cleared(PharmacyCleared) = "repeat.pharmacy-cleared.v1",
    }
}

events! {
    /// The events of one request for repeat medicines.
    PrescriptionEvent of SERVICE as "prescription" on "prescription" by (patient, request) {
        Requested(PrescriptionRequested) = "prescription.requested.v1",
        Cancelled(PrescriptionCancelled) = "prescription.cancelled.v1",
        Approved(PrescriptionApproved) = "prescription.approved.v1",
        Rejected(PrescriptionRejected) = "prescription.rejected.v1",
        Sent(PrescriptionSent) = "prescription.sent.v1",
        Reported(DispenseReported) = "prescription.dispense-reported.v1",
        Completed(PrescriptionCompleted) = "prescription.completed.v1",
    }
}

events! {
    /// The events of a pharmacy.
    PharmacyEvent of SERVICE as "pharmacy" on "pharmacy" by (pharmacy) {
        Opened(PharmacyOpened) = "pharmacy.opened.v1",
    }
}

/// A practice authorised a repeat plan: a medicine that a patient can order without seeing a prescriber.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepeatAuthorised {
    pub patient: SubjectId,
    pub plan: PlanId,
    pub practice: OrganisationCode,
    pub medicine: Personal<Medicine>,
    /// The number of days that one issue lasts.
    pub supply_days: u16,
    /// The number of issues that are authorised, all of them. The Electronic Prescription Service counts the repeats
    /// after the first issue, which are one less ([`repeats_after_first`]).
    pub issues: u16,
    /// The last day on which the plan can be ordered without a review.
    pub review_on: LocalDate,
    pub authorised_at: Timestamp,
}

/// A practice changed a repeat plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepeatChanged {
    pub patient: SubjectId,
    pub plan: PlanId,
    pub practice: OrganisationCode,
    pub medicine: Personal<Medicine>,
    pub supply_days: u16,
    /// The number of issues that are authorised, as in `RepeatAuthorised`.
    pub issues: u16,
    /// The number of these that were issued already: 0 if the issues were authorised anew.
    pub issued: u16,
    pub review_on: LocalDate,
    pub changed_at: Timestamp,
}

/// A practice stopped a repeat plan: it cannot be ordered any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepeatStopped {
    pub patient: SubjectId,
    pub plan: PlanId,
    pub practice: OrganisationCode,
    pub stopped_at: Timestamp,
}

/// A request for these plans was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepeatsRequested {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub plans: Vec<PlanId>,
    pub requested_at: Timestamp,
}

/// A request was approved: one issue of each of its plans is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepeatsIssued {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub plans: Vec<PlanId>,
    pub issued_at: Timestamp,
}

/// A request is no longer open: it was cancelled, rejected or completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepeatsSettled {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub plans: Vec<PlanId>,
    /// Those of its plans that were issued and not dispensed: their issue is given back.
    pub not_dispensed: Vec<PlanId>,
    pub settled_at: Timestamp,
}

/// A patient nominated the pharmacy to which prescriptions are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PharmacyNominated {
    pub patient: SubjectId,
    pub pharmacy: OrganisationCode,
    pub nominated_at: Timestamp,
}

/// A patient has no nominated pharmacy any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PharmacyCleared {
    pub patient: SubjectId,
    pub cleared_at: Timestamp,
}

/// A medicine of a request, as its plan had it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrescriptionItem {
    pub plan: PlanId,
    pub medicine: Personal<Medicine>,
}

/// A patient requested repeat medicines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrescriptionRequested {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub practice: OrganisationCode,
    pub items: Vec<PrescriptionItem>,
    pub note: Option<Personal<RequestNote>>,
    /// The pharmacy for this request: the one that the patient chose for it, or the nominated one.
    pub pharmacy: OrganisationCode,
    /// True if the pharmacy was chosen for this request only.
    pub one_off: bool,
    pub requested_at: Timestamp,
}

/// A patient cancelled a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrescriptionCancelled {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub practice: OrganisationCode,
    pub requested_at: Timestamp,
    pub cancelled_at: Timestamp,
}

/// A prescriber approved a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrescriptionApproved {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub practice: OrganisationCode,
    pub requested_at: Timestamp,
    /// The pharmacy to send it to.
    pub pharmacy: OrganisationCode,
    pub approved_at: Timestamp,
}

/// A prescriber rejected a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrescriptionRejected {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub practice: OrganisationCode,
    pub requested_at: Timestamp,
    /// The reason, which the patient sees.
    pub reason: Personal<RefusalReason>,
    pub rejected_at: Timestamp,
}

/// A prescription was sent to a pharmacy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrescriptionSent {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub practice: OrganisationCode,
    pub requested_at: Timestamp,
    pub pharmacy: OrganisationCode,
    pub prescription: PrescriptionId,
    pub items: Vec<PrescriptionItem>,
    pub sent_at: Timestamp,
}

/// A pharmacy reported what became of a medicine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DispenseReported {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub requested_at: Timestamp,
    pub pharmacy: OrganisationCode,
    pub sent_at: Timestamp,
    pub plan: PlanId,
    pub status: DispenseStatus,
    /// The time from which the report is true. It can be later than the report, or long before it.
    pub at: Timestamp,
    pub reported_at: Timestamp,
}

/// A prescription needs nothing further: each of its medicines was collected, dispatched or not dispensed, or it expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrescriptionCompleted {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub requested_at: Timestamp,
    pub pharmacy: OrganisationCode,
    pub sent_at: Timestamp,
    /// True if its time ended before the pharmacy had reported an end for each medicine.
    pub expired: bool,
    pub completed_at: Timestamp,
}

/// A pharmacy was opened: prescriptions can be sent to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PharmacyOpened {
    pub pharmacy: OrganisationCode,
    pub name: Line,
    /// The address in one line, as on a letter.
    pub address: Line,
}

/// The stage of a request, by the decisions of patient and practice. The reports of the pharmacy are its items' timelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("x-enum-varnames" = ["RequestRequested", "RequestCancelled", "RequestApproved", "RequestRejected", "RequestSent",
    "RequestCompleted"]))]
pub enum RequestStage {
    Requested,
    Cancelled,
    Approved,
    Rejected,
    SentToPharmacy,
    Completed,
}

/// The number of repeats after the first issue, as the Electronic Prescription Service and FHIR
/// (`numberOfRepeatsAllowed`) count them. Events hold issues; this number is for messages to other systems only.
pub const fn repeats_after_first(issues: u16) -> u16 {
    issues.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan with six issues can be dispensed six times; taken for the count of the EPS, it would be five or seven.
    #[test]
    fn the_eps_counts_one_less_than_the_issues_that_events_hold() {
        assert_eq!(repeats_after_first(6), 5);
        assert_eq!(repeats_after_first(1), 0);
        let authorised = include_bytes!("../../released/repeat.authorised.v1.json");
        let authorised: RepeatAuthorised = serde_json::from_slice(authorised).expect("the released form");
        assert_eq!(authorised.issues, 6);
    }
}
