//! The staff of practices at their desks: they look at the day and the queue of prescriptions, approve one, check patients in,
//! and write messages.

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{
    activity::{Activity, VisitLoad},
    told::ViewClaim,
    visit::{CommandAsked, QueryAsked, UserVisit, VisitEnded},
};

/// The share of visits with a message to a patient.
const WRITES: f64 = 0.4;

pub struct Desks;

#[async_trait]
impl Activity for Desks {
    fn name(&self) -> &'static str {
        "desks"
    }

    fn load(&self) -> VisitLoad {
        VisitLoad { queries: 3.0, commands: 0.9 }
    }

    async fn visit(&self, visit: &mut UserVisit) -> Result<(), VisitEnded> {
        let practice = visit.patient.practice.clone();
        let desk = visit.run.callers.desk(&practice)?;
        let today = visit.run.today;
        let of_today = QueryAsked::new("practice-day", format!("/practices/{practice}/days/{today}"));
        // Clinics are published from tomorrow on, so there are patients of today from the second day of a simulation on.
        let day = visit.ask(&desk, of_today).await?;
        let not_yet =
            |booking: &&Value| booking["steps"].as_array().is_some_and(|steps| steps.contains(&json!("check-in")));
        let here = day.items().iter().find_map(|slot| {
            let booking = slot["bookings"].as_array()?.iter().find(not_yet)?;
            Some(json!({"session": slot["session"], "startsAt": booking["startsAt"], "patient": booking["patient"]}))
        });
        visit.think(5.0);
        if let Some(body) = here {
            visit.give(&desk, CommandAsked::new("check-in", body)).await?;
            visit.think(5.0);
        }
        let tomorrow = today.plus_days(1);
        let path = format!("/practices/{practice}/days/{tomorrow}");
        visit.ask(&desk, QueryAsked::new("practice-day", path)).await?;
        visit.think(5.0);
        self.approve(visit, &practice).await?;
        if visit.rng.f64() < WRITES {
            visit.think(20.0);
            let request = visit.new_id();
            let sent = format!("/practices/{practice}/sent-messages?limit=500");
            let message = json!({"message": format!("{practice}.{request}")});
            let shows = json!({"patient": visit.patient.subject});
            let claims = vec![ViewClaim::new(sent, message, shows).at_desk(&practice)];
            let body = json!({
                "sender": practice, "request": request, "patient": visit.patient.subject,
                "title": "Your results", "body": "Your results are normal. You do not need to do anything.",
                "replies": {"kind": "none"},
            });
            visit.give(&desk, CommandAsked { claims, ..CommandAsked::new("send-message", body) }).await?;
        }
        Ok(())
    }
}

impl Desks {
    /// The prescriber approves the request that waits longest.
    async fn approve(&self, visit: &mut UserVisit, practice: &str) -> Result<(), VisitEnded> {
        let prescriber = visit.run.callers.prescriber(practice)?;
        let path = format!("/practices/{practice}/prescriptions?limit=20");
        let queue = visit.ask(&prescriber, QueryAsked::new("approval-queue", path)).await?;
        let Some(first) = queue.items().first() else { return Ok(()) };
        let body = json!({"patient": first["patient"], "practice": practice, "request": first["request"]});
        visit.think(8.0);
        visit.give(&prescriber, CommandAsked::new("approve-request", body)).await?;
        Ok(())
    }
}
