//! A person's messages, newest first.

use std::ops::Bound;

use event_core::{AccessRule, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{Inbox, InboxRow, InboxText};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, patient, proxy},
    messages::{MessageId, MessageKind, SystemFacts},
};

use super::sentence::{self, MessagePlaces};
use crate::practices::Site;
use query_engine::{Kind, Opener, Query, QueryContext, QueryError, context::Span, page::List};

/// The messages of a person, the newest first, without their texts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListMessages {
    pub subject: SubjectId,
}

/// A message, without its text.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InboxMessage {
    pub message: MessageId,
    pub sender: Site,
    pub kind: MessageKind,
    /// Absent once the person's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The facts of a message that follows from an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<SystemFacts>,
    pub sent_at: Timestamp,
    pub is_read: bool,
    pub is_replied: bool,
}

impl Query for ListMessages {
    const NAME: &'static str = "messages";
    const PATH: &'static str = "/patients/{subject}/messages";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View));
    const PERSONAL: bool = true;
    type Answer = List<InboxMessage>;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<InboxMessage>, QueryError> {
        let span = Span {
            partition: Inbox::partition(self.subject),
            from: Bound::Unbounded,
            until: Bound::Unbounded,
            backwards: true,
        };
        let rows = context.list::<Inbox>(span).await?;
        let is_personal = |row: &InboxRow| matches!(row.text, InboxText::Practice { .. }).then_some(self.subject);
        let opener = context.opener(rows.items.iter().find_map(is_personal)).await?;
        let mut places = MessagePlaces::default();
        let mut items = Vec::with_capacity(rows.items.len());
        for row in rows.items {
            let facts = match &row.text {
                InboxText::Practice { .. } => None,
                InboxText::System { facts } => Some(facts),
            };
            let sender = places.sender(&row.message, facts, context).await?;
            items.push(shown(self.subject, row, sender, &opener)?);
        }
        Ok(List { items, next: rows.next })
    }
}

fn shown(person: SubjectId, row: InboxRow, sender: Site, opener: &Opener<'_>) -> Result<InboxMessage, QueryError> {
    let (kind, title, facts) = match row.text {
        InboxText::Practice { title } => {
            (MessageKind::FromPractice, opener.open(person, &title)?.map(String::from), None)
        }
        InboxText::System { facts } => {
            let kind = facts.kind();
            (kind, Some(sentence::title(kind).to_owned()), Some(facts))
        }
    };
    let InboxRow { message, sent_at, is_read, is_replied, .. } = row;
    Ok(InboxMessage { message, sender, kind, title, facts, sent_at, is_read, is_replied })
}
