//! People book a vaccination. Until the service has appointments for programmes of its own, it is a kind of clinic like any
//! other; this file is the only one to change then.

use async_trait::async_trait;

use super::slots::{book_one, shows};
use crate::{
    activity::{Activity, SimulatedClinic, Supply, VisitLoad},
    visit::{QueryAsked, UserVisit, VisitEnded},
};

const VACCINATION_CLINIC: SimulatedClinic = SimulatedClinic {
    service: "simulated-vaccination",
    practitioner: "Rowan Simulated",
    role: "Practice nurse",
    until: "17:00",
    slot_minutes: 5,
    capacity: 4,
    places: 384,
    released_at_start: false,
};

pub struct Vaccinations;

#[async_trait]
impl Activity for Vaccinations {
    fn name(&self) -> &'static str {
        "vaccinations"
    }

    fn load(&self) -> VisitLoad {
        VisitLoad { queries: 2.5, commands: 1.0 }
    }

    fn supply(&self) -> Supply {
        Supply::Places(&VACCINATION_CLINIC)
    }

    async fn visit(&self, visit: &mut UserVisit) -> Result<(), VisitEnded> {
        let Some((slot, booked)) = book_one(visit, VACCINATION_CLINIC.service, 6.0).await? else { return Ok(()) };
        let caller = visit.caller()?;
        let path = shows(&visit.patient.subject, &slot, "booked").path;
        let see = QueryAsked { after: booked.position.as_deref(), ..QueryAsked::new("see-appointment", path) };
        visit.ask(&caller, see).await?;
        Ok(())
    }
}
