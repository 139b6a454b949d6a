//! People register a decision about organ donation, or change it.

use async_trait::async_trait;
use serde_json::json;

use crate::{
    activity::{Activity, VisitLoad},
    told::ViewClaim,
    visit::{CommandAsked, QueryAsked, UserVisit, VisitEnded},
};

pub struct DonorVisits;

#[async_trait]
impl Activity for DonorVisits {
    fn name(&self) -> &'static str {
        "donors"
    }

    fn load(&self) -> VisitLoad {
        VisitLoad { queries: 2.0, commands: 1.0 }
    }

    async fn visit(&self, visit: &mut UserVisit) -> Result<(), VisitEnded> {
        let caller = visit.caller()?;
        let path = format!("/patients/{}/organ-donation", visit.patient.subject);
        let seen = visit.ask(&caller, QueryAsked::new("organ-donation", path.clone())).await?;
        visit.think(30.0);
        let name = if seen.body["decision"].is_null() { "register-donor" } else { "amend-decision" };
        let decision = match visit.rng.u8(..3) {
            0 => json!({"kind": "opt-in-all"}),
            1 => json!({"kind": "opt-in-some", "organs": ["heart", "kidneys"]}),
            _ => json!({"kind": "opt-out"}),
        };
        let body = json!({"subject": visit.patient.subject, "decision": decision});
        let claims = vec![ViewClaim::new(path.clone(), json!({}), json!({"decision": decision}))];
        let told = visit.give(&caller, CommandAsked { claims, ..CommandAsked::new(name, body) }).await?;
        let see = QueryAsked { after: told.position.as_deref(), ..QueryAsked::new("organ-donation", path) };
        visit.ask(&caller, see).await?;
        Ok(())
    }
}
