//! Alice's doses, and the events that the tests beside the commands of this service use.

use passes::{HolderName, HolderText};
use vocabulary::vaccinations::{DoseEvent, DoseId, DoseRecorded, LotEvent, LotRecalled, PassEvent, PassId, VaccineLot};

use super::{
    issue_pass::{IssuePass, PassName},
    record_dose::GivenVaccine,
};
use crate::spec::*;

pub fn dose(number: u32) -> DoseId {
    format!("{number:012}").parse().expect("a dose")
}

/// A dose of the programme against COVID-19 at Alice's practice on this day.
pub fn given(number: u8, on: &str) -> GivenVaccine {
    GivenVaccine {
        programme: "covid-19".parse().expect("a programme"),
        number,
        vaccine: "comirnaty".parse().expect("a vaccine"),
        lot: "EL1484".parse().expect("a lot"),
        expires_on: "2026-12-31".parse().expect("a day"),
        given_on: on.parse().expect("a day"),
        site: site(),
        route: programmes::VaccineRoute::Intramuscular,
        given_by: "Nora Example".parse().expect("a name"),
    }
}

/// The same on the day of `NOW`.
pub fn of_today(number: u8) -> GivenVaccine {
    given(number, "2026-03-02")
}

pub fn lot() -> VaccineLot {
    given(1, "2026-03-02").facts().vaccine_lot()
}

/// The event of such a dose.
pub fn recorded(id: u32, number: u8) -> DoseEvent {
    let given = of_today(number);
    let details = given.details(vec![]).into();
    DoseRecorded { subject: alice(), dose: dose(id), given: given.facts(), edition: 1, details, recorded_at: at(NOW) }
        .into()
}

pub fn lot_recalled() -> LotEvent {
    LotRecalled { lot: lot(), reason: line("Glass in a vial"), recalled_at: at(NOW) }.into()
}

/// Alice, aged 46, is a patient of the site.
pub fn clinic_of_alice() -> World {
    desk().given(registered(alice(), "1980-02-29"))
}

pub fn pass(number: u32) -> PassId {
    format!("{number:012}").parse().expect("a pass")
}

/// A name in two parts, of which the forename can be empty.
pub fn with_name(surname: &str, forename: &str) -> PassName {
    let part = |text: &str| text.parse::<HolderText>().expect("a name");
    let forename = (!forename.is_empty()).then(|| part(forename));
    PassName { surname: part(surname), forename, surname_latin: None, forename_latin: None }
}

/// The event of a pass of the first dose.
pub fn issued(id: u32) -> PassEvent {
    let name = with_name("Example", "Alice");
    let holder = HolderName::new(Some(name.surname.clone()), name.forename.clone()).expect("letters");
    let issue = IssuePass { subject: alice(), pass: pass(id), dose: dose(1), name };
    let contents = issue.contents(holder, &of_today(1).facts(), "1980-02-29".parse().expect("a day"), at(NOW));
    issue.issued(contents.expect("a pass")).into()
}
