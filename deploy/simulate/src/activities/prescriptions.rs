//! People order a repeat medicine.

use async_trait::async_trait;
use serde_json::json;

use crate::{
    activity::{Activity, Supply, VisitLoad},
    told::ViewClaim,
    visit::{CommandAsked, QueryAsked, UserVisit, VisitEnded},
};

pub struct Prescriptions;

#[async_trait]
impl Activity for Prescriptions {
    fn name(&self) -> &'static str {
        "prescriptions"
    }

    fn load(&self) -> VisitLoad {
        VisitLoad { queries: 2.0, commands: 1.0 }
    }

    fn supply(&self) -> Supply {
        Supply::RepeatPlans
    }

    async fn visit(&self, visit: &mut UserVisit) -> Result<(), VisitEnded> {
        let caller = visit.caller()?;
        let subject = visit.patient.subject.clone();
        let repeats = visit.ask(&caller, QueryAsked::new("repeats", format!("/patients/{subject}/repeats"))).await?;
        let plans = repeats.items().iter().filter(|plan| plan["hindrance"].is_null());
        let plans: Vec<_> = plans.take(1).map(|plan| plan["plan"].clone()).collect();
        if plans.is_empty() {
            return Ok(());
        }
        visit.think(10.0);
        let (request, practice) = (visit.new_id(), visit.patient.practice.clone());
        let path = format!("/patients/{subject}/prescriptions");
        let body = json!({"patient": subject, "practice": practice, "request": request, "plans": plans});
        let claims = vec![ViewClaim::new(path.clone(), json!({"request": request}), json!({}))];
        let order = CommandAsked { claims, ..CommandAsked::new("request-repeat", body) };
        let ordered = visit.give(&caller, order).await?;
        let see = QueryAsked { after: ordered.position.as_deref(), ..QueryAsked::new("prescriptions", path) };
        visit.ask(&caller, see).await?;
        Ok(())
    }
}
