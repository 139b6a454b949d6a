//! The events that the tests beside the read models of this service use. Personal fields are in their closed form.

use event_core::{OrganisationCode, Timestamp};
use serde_json::from_str;
use vocabulary::prescriptions::{
    DispenseReported, DispenseStatus, PlanId, PrescriptionApproved, PrescriptionCancelled, PrescriptionCompleted,
    PrescriptionEvent, PrescriptionId, PrescriptionItem, PrescriptionRejected, PrescriptionRequested, PrescriptionSent,
    RepeatAuthorised, RepeatEvent, RepeatRequestId, RepeatsIssued, RepeatsRequested, RepeatsSettled,
};

use crate::spec::{NINE, alice, at, site};

pub fn plan(n: u32) -> PlanId {
    format!("{n:012}").parse().expect("an id")
}

pub fn request(n: u32) -> RepeatRequestId {
    format!("{n:012}").parse().expect("an id")
}

pub fn pharmacy() -> OrganisationCode {
    "FA123".parse().expect("a code")
}

fn plans(plans: &[u32]) -> Vec<PlanId> {
    plans.iter().copied().map(plan).collect()
}

fn items(plans: &[u32]) -> Vec<PrescriptionItem> {
    let item = |n: &u32| PrescriptionItem { plan: plan(*n), medicine: from_str("\"p0.e30\"").expect("a closed text") };
    plans.iter().map(item).collect()
}

pub fn authorised(n: u32) -> RepeatEvent {
    RepeatAuthorised {
        patient: alice(),
        plan: plan(n),
        practice: site(),
        medicine: from_str("\"p0.e30\"").expect("a closed text"),
        supply_days: 28,
        issues: 6,
        review_on: "2026-12-31".parse().expect("a date"),
        authorised_at: at(NINE),
    }
    .into()
}

pub fn opened(n: u32, of: &[u32]) -> RepeatEvent {
    RepeatsRequested { patient: alice(), request: request(n), plans: plans(of), requested_at: at(NINE) }.into()
}

pub fn issued(n: u32, of: &[u32]) -> RepeatEvent {
    RepeatsIssued { patient: alice(), request: request(n), plans: plans(of), issued_at: at(NINE) }.into()
}

pub fn settled(n: u32, of: &[u32]) -> RepeatEvent {
    let (patient, request, plans) = (alice(), request(n), plans(of));
    RepeatsSettled { patient, request, plans, not_dispensed: Vec::new(), settled_at: at(NINE) }.into()
}

pub fn requested(n: u32, of: &[u32]) -> PrescriptionEvent {
    requested_at(n, of, NINE)
}

pub fn requested_at(n: u32, of: &[u32], instant: &str) -> PrescriptionEvent {
    PrescriptionRequested {
        patient: alice(),
        request: request(n),
        practice: site(),
        items: items(of),
        note: None,
        pharmacy: pharmacy(),
        one_off: false,
        requested_at: at(instant),
    }
    .into()
}

pub fn cancelled(n: u32) -> PrescriptionEvent {
    let (patient, request, practice) = (alice(), request(n), site());
    PrescriptionCancelled { patient, request, practice, requested_at: at(NINE), cancelled_at: at(NINE) }.into()
}

pub fn approved(n: u32) -> PrescriptionEvent {
    let (patient, request, practice, pharmacy) = (alice(), request(n), site(), pharmacy());
    PrescriptionApproved { patient, request, practice, requested_at: at(NINE), pharmacy, approved_at: at(NINE) }.into()
}

pub fn rejected(n: u32) -> PrescriptionEvent {
    PrescriptionRejected {
        patient: alice(),
        request: request(n),
        practice: site(),
        requested_at: at(NINE),
        reason: from_str("\"p0.ImJsb29kIHRlc3Qi\"").expect("a closed text"),
        rejected_at: at(NINE),
    }
    .into()
}

pub fn sent(n: u32, of: &[u32]) -> PrescriptionEvent {
    PrescriptionSent {
        patient: alice(),
        request: request(n),
        practice: site(),
        requested_at: at(NINE),
        pharmacy: pharmacy(),
        prescription: PrescriptionId::of(&site(), alice(), &request(n)),
        items: items(of),
        sent_at: at(NINE),
    }
    .into()
}

pub fn reported(n: u32, item: u32, status: DispenseStatus, at_instant: Timestamp) -> PrescriptionEvent {
    DispenseReported {
        patient: alice(),
        request: request(n),
        requested_at: at(NINE),
        pharmacy: pharmacy(),
        sent_at: at(NINE),
        plan: plan(item),
        status,
        at: at_instant,
        reported_at: at(NINE),
    }
    .into()
}

pub fn completed(n: u32) -> PrescriptionEvent {
    PrescriptionCompleted {
        patient: alice(),
        request: request(n),
        requested_at: at(NINE),
        pharmacy: pharmacy(),
        sent_at: at(NINE),
        expired: false,
        completed_at: at(NINE),
    }
    .into()
}
