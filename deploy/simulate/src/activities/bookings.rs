//! People book an appointment in a clinic with slots that are released at eight o'clock, and look at it. Some cancel again.

use async_trait::async_trait;
use serde_json::json;

use super::slots::{book, book_one, shows};
use crate::{
    activity::{Activity, SimulatedClinic, Supply, VisitLoad},
    visit::{CommandAsked, QueryAsked, UserVisit, VisitEnded},
};

pub const GP_CLINIC: SimulatedClinic = SimulatedClinic {
    service: "simulated-gp",
    practitioner: "Dr Sam Simulated",
    role: "General practitioner",
    until: "17:00",
    slot_minutes: 10,
    capacity: 1,
    places: 48,
    released_at_start: true,
};

/// The share of bookings that are cancelled in the same visit.
const CANCELS: f64 = 0.15;

pub struct BookingVisits;

#[async_trait]
impl Activity for BookingVisits {
    fn name(&self) -> &'static str {
        "bookings"
    }

    fn load(&self) -> VisitLoad {
        VisitLoad { queries: 3.5, commands: 1.15 }
    }

    fn supply(&self) -> Supply {
        Supply::Places(&GP_CLINIC)
    }

    async fn visit(&self, visit: &mut UserVisit) -> Result<(), VisitEnded> {
        let caller = visit.caller()?;
        let subject = visit.patient.subject.clone();
        visit.ask(&caller, QueryAsked::new("appointments", format!("/patients/{subject}/appointments"))).await?;
        visit.think(4.0);
        let Some((slot, booked)) = book_one(visit, GP_CLINIC.service, 8.0, book).await? else { return Ok(()) };
        let path = shows(&subject, &slot, "booked").path;
        let see = QueryAsked { after: booked.position.as_deref(), ..QueryAsked::new("see-appointment", path) };
        visit.ask(&caller, see).await?;
        if visit.rng.f64() < CANCELS {
            visit.think(20.0);
            let body = json!({"session": slot.session, "startsAt": slot.starts_at, "patient": subject,
                "reason": "cancelled-by-citizen"});
            let claims = vec![shows(&subject, &slot, "cancelled")];
            let cancel = CommandAsked { slot: Some(slot), claims, ..CommandAsked::new("cancel-appointment", body) };
            visit.give(&caller, cancel).await?;
        }
        Ok(())
    }
}
