//! Repeat prescriptions of the demonstration: pharmacies, the plans of some patients, and two requests that are under way.

use domain::prescriptions::{
    ApproveRequest, AuthoriseRepeat, NominatePharmacy, OpenPharmacy, RequestRepeat, SendToPharmacy,
};
use event_core::{Caller, Issuer, LocalDate};
use vocabulary::{
    access::{CallerRole, IdentityLevel, Permission},
    prescriptions::Medicine,
};

use super::{
    origins::{DemoCommand, operator, origin},
    people::Person,
};

pub struct DemoPharmacy {
    pub code: &'static str,
    pub name: &'static str,
    pub address: &'static str,
}

pub const PHARMACIES: [DemoPharmacy; 2] = [
    DemoPharmacy { code: "FX901", name: "Brook Street Pharmacy", address: "4 Brook Street, Exampleton, EX1 1AA" },
    DemoPharmacy { code: "FX902", name: "Harbour Chemist", address: "2 Quayside, Sampleport, EX3 3CC" },
];

/// The code, name, dose and quantity of a medicine, and the days that it lasts.
type DemoMedicine = (&'static str, &'static str, &'static str, &'static str, u16);

const MEDICINES: [DemoMedicine; 3] = [
    ("39113611000001102", "Atorvastatin 20mg tablets", "One tablet to be taken each evening", "28 tablets", 28),
    ("39112711000001103", "Amlodipine 5mg tablets", "One tablet to be taken each morning", "28 tablets", 28),
    ("39113311000001107", "Salbutamol 100micrograms inhaler", "Two puffs when needed", "1 inhaler", 56),
];

/// The days until the review of a plan, and the number of its issues.
const REVIEW_DAYS: i64 = 180;
const ISSUES: u16 = 6;

/// The numbers of the patients with repeat plans, all of the first practice: one with nothing requested, one with a request
/// that waits, and one with a prescription at the pharmacy.
pub const WITH_PLANS: [usize; 3] = [0, WITH_A_REQUEST, WITH_A_PRESCRIPTION];
const WITH_A_REQUEST: usize = 3;
const WITH_A_PRESCRIPTION: usize = 6;

pub fn open_pharmacies(issuer: &Issuer) -> Vec<DemoCommand<OpenPharmacy>> {
    let open = |pharmacy: &DemoPharmacy| {
        let command = OpenPharmacy {
            pharmacy: pharmacy.code.parse()?,
            name: pharmacy.name.parse()?,
            address: pharmacy.address.parse()?,
        };
        Ok((command, origin(operator(issuer), pharmacy.code)))
    };
    PHARMACIES.iter().map(open).collect()
}

fn prescriber(issuer: &Issuer, person: &Person) -> Caller {
    Caller {
        issuer: issuer.clone(),
        id: format!("prescriber-{}", person.practice.code).into(),
        role: CallerRole::Staff.into(),
        permissions: vec![Permission::Prescribing.into()],
        organisation: person.practice.code.parse().ok(),
        level: None,
    }
}

fn themselves(issuer: &Issuer, person: &Person) -> Caller {
    Caller {
        issuer: issuer.clone(),
        id: person.subject.as_str().into(),
        role: CallerRole::Patient.into(),
        permissions: Vec::new(),
        organisation: None,
        level: Some(IdentityLevel::P9.into()),
    }
}

fn id(n: usize) -> String {
    format!("{n:012}")
}

/// The plans of one patient.
pub fn authorise(issuer: &Issuer, person: &Person, today: LocalDate) -> Vec<DemoCommand<AuthoriseRepeat>> {
    let plan = |(n, medicine): (usize, &DemoMedicine)| {
        let (code, name, dose, quantity, supply_days) = *medicine;
        let command = AuthoriseRepeat {
            patient: person.subject.parse()?,
            practice: person.practice.code.parse()?,
            plan: id(n + 1).parse()?,
            medicine: Medicine {
                code: code.parse()?,
                name: name.parse()?,
                dose: dose.parse()?,
                quantity: quantity.parse()?,
            },
            supply_days,
            issues: ISSUES,
            review_on: today.plus_days(REVIEW_DAYS),
        };
        Ok((command, origin(prescriber(issuer, person), &format!("plan-{n}-{}", person.subject))))
    };
    MEDICINES.iter().enumerate().map(plan).collect()
}

pub fn nominate(issuer: &Issuer, person: &Person) -> DemoCommand<NominatePharmacy> {
    let command = NominatePharmacy { patient: person.subject.parse()?, pharmacy: PHARMACIES[0].code.parse()? };
    Ok((command, origin(themselves(issuer, person), &format!("pharmacy-{}", person.subject))))
}

/// The requests that are under way.
pub fn requests(issuer: &Issuer, people: &[Person]) -> Vec<DemoCommand<RequestRepeat>> {
    let request = |person: &Person| {
        let command = RequestRepeat {
            patient: person.subject.parse()?,
            practice: person.practice.code.parse()?,
            request: id(1).parse()?,
            plans: vec![id(1).parse()?, id(2).parse()?],
            note: None,
            pharmacy: None,
        };
        Ok((command, origin(themselves(issuer, person), &format!("request-{}", person.subject))))
    };
    [WITH_A_REQUEST, WITH_A_PRESCRIPTION].into_iter().filter_map(|n| people.get(n)).map(request).collect()
}

pub fn approvals(issuer: &Issuer, people: &[Person]) -> Vec<DemoCommand<ApproveRequest>> {
    let approve = |person: &Person| {
        let command = ApproveRequest {
            patient: person.subject.parse()?,
            practice: person.practice.code.parse()?,
            request: id(1).parse()?,
        };
        Ok((command, origin(prescriber(issuer, person), &format!("approval-{}", person.subject))))
    };
    people.get(WITH_A_PRESCRIPTION).into_iter().map(approve).collect()
}

/// The prescriptions at the pharmacy. A policy may have sent them already, which is nothing new.
pub fn sent(issuer: &Issuer, people: &[Person]) -> Vec<DemoCommand<SendToPharmacy>> {
    let send = |person: &Person| {
        let command = SendToPharmacy {
            patient: person.subject.parse()?,
            practice: person.practice.code.parse()?,
            request: id(1).parse()?,
            pharmacy: PHARMACIES[0].code.parse()?,
        };
        Ok((command, origin(prescriber(issuer, person), &format!("sending-{}", person.subject))))
    };
    people.get(WITH_A_PRESCRIPTION).into_iter().map(send).collect()
}
