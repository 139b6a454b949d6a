//! People look: appointments, messages, medicines. Most visits change nothing.

use async_trait::async_trait;

use crate::{
    activity::{Activity, VisitLoad},
    visit::{QueryAsked, UserVisit, VisitEnded},
};

pub struct Looks;

#[async_trait]
impl Activity for Looks {
    fn name(&self) -> &'static str {
        "looks"
    }

    fn load(&self) -> VisitLoad {
        VisitLoad { queries: 5.0, commands: 0.0 }
    }

    async fn visit(&self, visit: &mut UserVisit) -> Result<(), VisitEnded> {
        let caller = visit.caller()?;
        let parts = [
            ("appointments", "appointments"),
            ("unread-messages", "unread-messages"),
            ("repeats", "repeats"),
            ("prescriptions", "prescriptions"),
            ("organ-donation", "organ-donation"),
        ];
        for (name, part) in parts {
            let path = format!("/patients/{}/{part}", visit.patient.subject);
            visit.ask(&caller, QueryAsked::new(name, path)).await?;
            visit.think(3.0);
        }
        Ok(())
    }
}
