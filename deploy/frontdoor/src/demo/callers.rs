//! The callers of the demonstration: the people in whose name visitors sign in on the pages, and the tokens of the quick
//! start.

use event_core::{Caller, Issuer};
use page_engine::DemoPerson;
use vocabulary::access::{CallerRole, IdentityLevel, Permission};

use super::{
    people::{HALL, PRACTICES, Person, people},
    prescriptions::PHARMACIES,
};

/// The number of patients among whom a visitor can choose.
const PATIENTS_OFFERED: usize = 4;

/// A caller of the demonstration.
pub struct DemoCaller {
    /// The name of the file with the token, and of the person in the address of signing in.
    pub id: &'static str,
    pub role: CallerRole,
    pub subject: String,
    /// True for members of the first practice's staff.
    pub of_practice: bool,
    pub permissions: &'static [Permission],
}

/// The callers of the quick start, of which each has a file.
pub fn quick_start(alice: &Person) -> [DemoCaller; 4] {
    let caller = |id, role, subject: &str, permissions| DemoCaller {
        id,
        role,
        subject: subject.to_owned(),
        of_practice: role == CallerRole::Staff,
        permissions,
    };
    const DESK: &[Permission] = &[
        Permission::PracticeAdmin,
        Permission::Registration,
        Permission::Clinics,
        Permission::Booking,
        Permission::Messaging,
    ];
    [
        caller("alice", CallerRole::Patient, &alice.subject, &[]),
        caller("reception", CallerRole::Staff, "reception-demo", DESK),
        caller("auditor", CallerRole::Auditor, "auditor-demo", &[Permission::Audit]),
        caller(
            "operator",
            CallerRole::Operator,
            "operator-demo",
            &[Permission::Practices, Permission::Pathways, Permission::Vaccines, Permission::Operate],
        ),
    ]
}

/// The people whom the page for signing in offers.
pub fn people_of_pages(issuer: &Issuer) -> Vec<DemoPerson> {
    let people = people();
    let Some(alice) = people.first() else { return Vec::new() };
    let [_, reception, auditor, operator] = quick_start(alice);
    let patients = people.iter().take(PATIENTS_OFFERED).map(|person| DemoPerson {
        id: person.name.split(' ').next().unwrap_or_default().to_lowercase().into(),
        name: person.name.into(),
        role: format!("A patient of {}", person.practice.name).into(),
        caller: caller(issuer, CallerRole::Patient, &person.subject, &[], None),
    });
    let staff = [
        (reception, "Robin Reception", "Works at the desk of Brook Street Surgery"),
        (operator, "Oz Operator", "Runs the system: watches and rebuilds read models"),
        (auditor, "Ada Auditor", "Reads the log of everything that happened"),
    ];
    let staff = staff.into_iter().map(|(own, name, role)| DemoPerson {
        id: own.id.into(),
        name: name.into(),
        role: role.into(),
        caller: caller(issuer, own.role, &own.subject, own.permissions, own.of_practice.then_some(PRACTICES[0].code)),
    });
    let pharmacy = &PHARMACIES[0];
    let prescriptions = [
        DemoPerson {
            id: "prescriber".into(),
            name: "Pia Prescriber".into(),
            role: "Authorises repeat medicines and decides requests for them at Brook Street Surgery".into(),
            caller: caller(
                issuer,
                CallerRole::Staff,
                "prescriber-demo",
                &[Permission::Prescribing, Permission::Booking],
                Some(PRACTICES[0].code),
            ),
        },
        DemoPerson {
            id: "vaccinator".into(),
            name: "Nora Vaccinator".into(),
            role: "Gives vaccinations at Brook Street Surgery, and records them".into(),
            caller: caller(
                issuer,
                CallerRole::Staff,
                "vaccinator-demo",
                &[Permission::Vaccinating, Permission::Booking],
                Some(PRACTICES[0].code),
            ),
        },
        DemoPerson {
            id: "hall".into(),
            name: "Hetty Hall".into(),
            role: format!("Gives vaccinations at {}, which is no practice", HALL.name).into(),
            caller: caller(
                issuer,
                CallerRole::Staff,
                "hall-demo",
                &[Permission::Vaccinating, Permission::Booking],
                Some(HALL.code),
            ),
        },
        DemoPerson {
            id: "pharmacist".into(),
            name: "Phil Pharmacist".into(),
            role: format!("Dispenses prescriptions at {}", pharmacy.name).into(),
            caller: caller(
                issuer,
                CallerRole::Staff,
                "pharmacist-demo",
                &[Permission::Dispensing],
                Some(pharmacy.code),
            ),
        },
    ];
    patients.chain(staff).chain(prescriptions).collect()
}

fn caller(
    issuer: &Issuer,
    role: CallerRole,
    id: &str,
    permissions: &[Permission],
    organisation: Option<&str>,
) -> Caller {
    Caller {
        issuer: issuer.clone(),
        id: id.into(),
        role: role.into(),
        permissions: permissions.iter().map(|permission| (*permission).into()).collect(),
        organisation: organisation.and_then(|code| code.parse().ok()),
        level: (role == CallerRole::Patient).then(|| IdentityLevel::P9.into()),
    }
}

#[cfg(test)]
mod tests {
    use host::demo_key::DEMO_ISSUER;

    use super::*;

    #[test]
    fn every_person_of_the_pages_is_a_caller_that_the_services_know() {
        let people = people_of_pages(&DEMO_ISSUER.parse().expect("an issuer"));
        assert_eq!(people.len(), PATIENTS_OFFERED + 7);
        for person in &people {
            assert!(vocabulary::access::is_known(&person.caller), "{}", person.name);
            assert!(person.id.bytes().all(|byte| byte.is_ascii_lowercase()), "{}", person.id);
            assert_eq!(people.iter().filter(|other| other.id == person.id).count(), 1, "{}", person.id);
        }
    }
}
