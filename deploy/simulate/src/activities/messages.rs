//! People read their messages.

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{
    activity::{Activity, VisitLoad},
    told::ViewClaim,
    visit::{CommandAsked, QueryAsked, UserVisit, VisitEnded},
};

pub struct Messages;

#[async_trait]
impl Activity for Messages {
    fn name(&self) -> &'static str {
        "messages"
    }

    fn load(&self) -> VisitLoad {
        VisitLoad { queries: 2.0, commands: 0.5 }
    }

    async fn visit(&self, visit: &mut UserVisit) -> Result<(), VisitEnded> {
        let caller = visit.caller()?;
        let subject = visit.patient.subject.clone();
        let list = format!("/patients/{subject}/messages");
        let messages = visit.ask(&caller, QueryAsked::new("messages", list.clone())).await?;
        let unread = messages.items().iter().find(|message| message["isRead"] == Value::Bool(false));
        let Some(message) = unread.and_then(|message| message["message"].as_str()).map(str::to_owned) else {
            return Ok(());
        };
        visit.think(5.0);
        visit.ask(&caller, QueryAsked::new("see-message", format!("{list}/{message}"))).await?;
        let claims = vec![ViewClaim::new(list, json!({"message": message}), json!({"isRead": true}))];
        let body = json!({"subject": subject, "message": message});
        visit.give(&caller, CommandAsked { claims, ..CommandAsked::new("mark-read", body) }).await?;
        Ok(())
    }
}
