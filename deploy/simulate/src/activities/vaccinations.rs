//! People ask the programme of a vaccination that is open all year, and book an appointment for it.

use async_trait::async_trait;
use fastrand::Rng;
use serde_json::{Value, json};

use super::slots::{book_one, shows};
use crate::{
    activity::{Activity, SimulatedClinic, Supply, VisitLoad},
    told::ToldSlot,
    visit::{CommandAsked, QueryAsked, UserVisit, VisitEnded},
};

/// The programme of the clinics. Its campaign is open until the end of 2035, and all people of the town have the age for it.
const PROGRAMME: &str = "pneumococcal";

const VACCINATION_CLINIC: SimulatedClinic = SimulatedClinic {
    service: "vaccination-pneumococcal",
    practitioner: "Rowan Simulated",
    role: "Practice nurse",
    until: "17:00",
    slot_minutes: 5,
    capacity: 4,
    places: 384,
    released_at_start: false,
};

/// The share of people with a temperature last month, which defers the dose to a day that has passed.
const HAD_FEVER: f64 = 0.1;
const FEVER_DAYS_AGO: i64 = 30;

pub struct Vaccinations;

#[async_trait]
impl Activity for Vaccinations {
    fn name(&self) -> &'static str {
        "vaccinations"
    }

    fn load(&self) -> VisitLoad {
        VisitLoad { queries: 3.5, commands: 1.0 }
    }

    fn supply(&self) -> Supply {
        Supply::Places(&VACCINATION_CLINIC)
    }

    async fn visit(&self, visit: &mut UserVisit) -> Result<(), VisitEnded> {
        let caller = visit.caller()?;
        let (subject, tomorrow) = (visit.patient.subject.clone(), visit.run.today.plus_days(1));
        let path = format!("/patients/{subject}/vaccination-eligibility/{PROGRAMME}?on={tomorrow}");
        let answer = visit.ask(&caller, QueryAsked::new("vaccination-eligibility", path)).await?;
        if answer.body["answer"] != "eligible" {
            return Ok(());
        }
        visit.think(6.0);
        let declared = declared(&mut visit.rng, &visit.run.today.plus_days(-FEVER_DAYS_AGO).to_string());
        let book = |subject: &str, slot: &ToldSlot| book(subject, slot, &declared);
        let Some((slot, booked)) = book_one(visit, VACCINATION_CLINIC.service, 6.0, book).await? else { return Ok(()) };
        let path = shows(&subject, &slot, "booked").path;
        let see = QueryAsked { after: booked.position.as_deref(), ..QueryAsked::new("see-appointment", path) };
        visit.ask(&caller, see).await?;
        Ok(())
    }
}

/// The answers to the questions of the programme that were yes.
fn declared(rng: &mut Rng, fever_on: &str) -> Value {
    if rng.f64() < HAD_FEVER { json!([{"id": "fever", "on": fever_on}]) } else { json!([]) }
}

/// The command that books a slot for the next dose.
fn book(subject: &str, slot: &ToldSlot, contraindications: &Value) -> CommandAsked {
    let body = json!({"patient": subject, "session": slot.session, "startsAt": slot.starts_at,
        "declared": {"contraindications": contraindications}});
    CommandAsked {
        slot: Some(slot.clone()),
        claims: vec![shows(subject, slot, "booked")],
        ..CommandAsked::new("book-vaccination", body)
    }
}
