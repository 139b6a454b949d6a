//! The people, pharmacies and events that the tests beside the commands of this service use.

use event_core::{Caller, LocalDate, OrganisationCode};
use vocabulary::{
    access::Permission,
    prescriptions::{
        DispenseReported, DispenseStatus, Medicine, PharmacyEvent, PharmacyNominated, PharmacyOpened, PlanId,
        PrescriptionApproved, PrescriptionEvent, PrescriptionId, PrescriptionItem, PrescriptionRequested,
        PrescriptionSent, RepeatAuthorised, RepeatEvent, RepeatRequestId, RepeatsIssued, RepeatsRequested,
    },
};

use super::{
    ApproveRequest, AuthoriseRepeat, CompleteRequest, RejectRequest, ReportDispense, RequestRepeat, SendToPharmacy,
};
use crate::spec::*;

pub const REQUESTED: [&str; 2] = ["repeat.requested.v1", "prescription.requested.v1"];
pub const CANCELLED: [&str; 2] = ["prescription.cancelled.v1", "repeat.settled.v1"];
pub const APPROVED: [&str; 2] = ["prescription.approved.v1", "repeat.issued.v1"];
pub const REJECTED: [&str; 2] = ["prescription.rejected.v1", "repeat.settled.v1"];
pub const SENT: [&str; 1] = ["prescription.sent.v1"];
pub const COMPLETED: [&str; 2] = ["prescription.completed.v1", "repeat.settled.v1"];

pub fn plan(n: u32) -> PlanId {
    format!("{n:012}").parse().expect("an id")
}

pub fn request_id(n: u32) -> RepeatRequestId {
    format!("{n:012}").parse().expect("an id")
}

pub fn pharmacy() -> OrganisationCode {
    "FA123".parse().expect("a code")
}

pub fn other_pharmacy() -> OrganisationCode {
    "FB456".parse().expect("a code")
}

pub fn as_prescriber() -> Caller {
    Caller { permissions: vec![Permission::Prescribing.into()], ..as_staff() }
}

fn medicine(n: u32) -> Medicine {
    Medicine {
        code: "39113611000001102".parse().expect("a code"),
        name: format!("Medicine {n}").parse().expect("a name"),
        dose: "One tablet each evening".parse().expect("a dose"),
        quantity: "28 tablets".parse().expect("a quantity"),
    }
}

/// The fields of a plan that can be changed.
pub struct AuthoriseRepeatFields {
    pub medicine: Medicine,
    pub supply_days: u16,
    pub review_on: LocalDate,
}

impl AuthoriseRepeatFields {
    pub fn of(n: u32) -> AuthoriseRepeatFields {
        let AuthoriseRepeat { medicine, supply_days, review_on, .. } = authorise(n);
        AuthoriseRepeatFields { medicine, supply_days, review_on }
    }
}

pub fn authorise(n: u32) -> AuthoriseRepeat {
    AuthoriseRepeat {
        patient: alice(),
        practice: site(),
        plan: plan(n),
        medicine: medicine(n),
        supply_days: 28,
        issues: 6,
        review_on: "2026-12-31".parse().expect("a date"),
    }
}

pub fn authorised(n: u32) -> RepeatEvent {
    let AuthoriseRepeat { patient, practice, plan, medicine, supply_days, issues, review_on } = authorise(n);
    let (medicine, authorised_at) = (medicine.into(), at(NOW));
    RepeatAuthorised { patient, plan, practice, medicine, supply_days, issues, review_on, authorised_at }.into()
}

pub fn pharmacy_opened() -> PharmacyEvent {
    let (name, address) = (line("Green Cross"), line("3 High Street"));
    PharmacyOpened { pharmacy: pharmacy(), name, address }.into()
}

pub fn other_pharmacy_opened() -> PharmacyEvent {
    let (name, address) = (line("Old Town Pharmacy"), line("8 Market Square"));
    PharmacyOpened { pharmacy: other_pharmacy(), name, address }.into()
}

pub fn nominated(pharmacy: OrganisationCode) -> RepeatEvent {
    PharmacyNominated { patient: alice(), pharmacy, nominated_at: at(NOW) }.into()
}

/// A world with two pharmacies.
pub fn pharmacies() -> World {
    world().given(pharmacy_opened()).given(other_pharmacy_opened())
}

/// Alice has two repeat plans and a nominated pharmacy.
pub fn ordering() -> World {
    let surgery = surgery().given(pharmacy_opened()).given(other_pharmacy_opened());
    surgery.given(authorised(1)).given(authorised(2)).given(nominated(pharmacy()))
}

pub fn request(n: u32, plans: &[u32]) -> RequestRepeat {
    RequestRepeat {
        patient: alice(),
        practice: site(),
        request: request_id(n),
        plans: plans.iter().copied().map(plan).collect(),
        note: None,
        pharmacy: None,
    }
}

pub fn approve(n: u32) -> ApproveRequest {
    ApproveRequest { patient: alice(), practice: site(), request: request_id(n) }
}

pub fn reject(n: u32) -> RejectRequest {
    let reason = "Please have a blood test first.".parse().expect("a reason");
    RejectRequest { patient: alice(), practice: site(), request: request_id(n), reason }
}

pub fn send(n: u32) -> SendToPharmacy {
    SendToPharmacy { patient: alice(), practice: site(), request: request_id(n), pharmacy: pharmacy() }
}

pub fn report(n: u32, status: DispenseStatus, instant: &str) -> ReportDispense {
    let (pharmacy, patient, request) = (pharmacy(), alice(), request_id(n));
    ReportDispense { pharmacy, patient, request, plans: Vec::new(), status, at: at(instant) }
}

pub fn complete(n: u32) -> CompleteRequest {
    CompleteRequest { patient: alice(), request: request_id(n), pharmacy: pharmacy() }
}

/// The world after the prescription of this request was sent.
pub fn sent_world(world: World, n: u32, plans: &[u32]) -> World {
    let requested = world.when(request(n, plans)).records_kinds(&REQUESTED);
    requested.when(approve(n)).records_kinds(&APPROVED).when(send(n)).records_kinds(&SENT)
}

/// The world after this request was completed, at the same instant: its medicines were collected when they were requested.
pub fn collected(world: World, n: u32, plans: &[u32]) -> World {
    let sent = sent_world(world, n, plans);
    let reported = plans.iter().fold(sent, |world, item| {
        let reported = reported(n, *item, DispenseStatus::Collected, NOW);
        world.given(reported)
    });
    reported.when(complete(n)).records_kinds(&COMPLETED)
}

pub fn opened(n: u32, plans: &[u32]) -> RepeatEvent {
    let plans = plans.iter().copied().map(plan).collect();
    RepeatsRequested { patient: alice(), request: request_id(n), plans, requested_at: at(NOW) }.into()
}

fn items(plans: &[u32]) -> Vec<PrescriptionItem> {
    plans.iter().map(|n| PrescriptionItem { plan: plan(*n), medicine: medicine(*n).into() }).collect()
}

pub fn requested(n: u32, plans: &[u32]) -> PrescriptionEvent {
    PrescriptionRequested {
        patient: alice(),
        request: request_id(n),
        practice: site(),
        items: items(plans),
        note: None,
        pharmacy: pharmacy(),
        one_off: false,
        requested_at: at(NOW),
    }
    .into()
}

pub fn approved(n: u32, pharmacy: OrganisationCode) -> PrescriptionEvent {
    let (patient, request, practice) = (alice(), request_id(n), site());
    PrescriptionApproved { patient, request, practice, requested_at: at(NOW), pharmacy, approved_at: at(NOW) }.into()
}

pub fn issued(n: u32, plans: &[u32]) -> RepeatEvent {
    let plans = plans.iter().copied().map(plan).collect();
    RepeatsIssued { patient: alice(), request: request_id(n), plans, issued_at: at(NOW) }.into()
}

pub fn sent(n: u32, plans: &[u32]) -> PrescriptionEvent {
    PrescriptionSent {
        patient: alice(),
        request: request_id(n),
        practice: site(),
        requested_at: at(NOW),
        pharmacy: pharmacy(),
        prescription: PrescriptionId::of(&site(), alice(), &request_id(n)),
        items: items(plans),
        sent_at: at(NOW),
    }
    .into()
}

pub fn reported(n: u32, item: u32, status: DispenseStatus, instant: &str) -> PrescriptionEvent {
    DispenseReported {
        patient: alice(),
        request: request_id(n),
        requested_at: at(NOW),
        pharmacy: pharmacy(),
        sent_at: at(NOW),
        plan: plan(item),
        status,
        at: at(instant),
        reported_at: at(NOW),
    }
    .into()
}

/// A repeat is recognised by its body, so a command has exactly the members that its client sent.
#[test]
fn a_command_is_written_without_what_its_client_left_out() {
    fn assert_same<C: event_core::Command>(body: serde_json::Value) {
        let command: C = serde_json::from_value(body.clone()).expect(C::NAME);
        assert_eq!(serde_json::to_value(&command).expect(C::NAME), body, "{}", C::NAME);
    }
    let with = |more: serde_json::Value| {
        let mut body = serde_json::json!({"patient": alice()});
        body.as_object_mut().expect("a body").extend(more.as_object().expect("members").clone());
        body
    };
    let id = "000000000001";
    let medicine = serde_json::json!({"code": "39113611000001102", "name": "x", "dose": "y", "quantity": "z"});
    assert_same::<RequestRepeat>(with(serde_json::json!({"practice": "A12345", "request": id, "plans": [id]})));
    assert_same::<ReportDispense>(with(serde_json::json!({"pharmacy": "FA123", "request": id, "status": "collected",
        "at": NOW})));
    assert_same::<super::ChangeRepeat>(with(
        serde_json::json!({"practice": "A12345", "plan": id, "medicine": medicine,
        "supplyDays": 28, "reviewOn": "2026-12-31"}),
    ));
}
