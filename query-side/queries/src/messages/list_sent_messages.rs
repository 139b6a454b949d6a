//! The messages that a practice wrote, newest first, each with what became of it.

use std::ops::Bound;

use event_core::{AccessRule, OrganisationCode, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{SentMessages, SentRow};
use vocabulary::{
    access::{Permission, staff},
    messages::{MessageId, MessageReply, MessageTitle},
};

use query_engine::{Kind, Opener, Query, QueryContext, QueryError, context::Span, page::List};

/// The messages that a practice wrote to its patients, the newest first, each with what became of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListSentMessages {
    pub practice: OrganisationCode,
}

/// A message that a practice wrote.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentSummary {
    pub message: MessageId,
    pub patient: SubjectId,
    /// Absent once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<MessageTitle>,
    pub sent_at: Timestamp,
    pub state: MessageState,
    /// Absent, too, once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<MessageReply>,
}

/// The furthest that a message has come: sent, the patient notified of it, the notification delivered, the message read,
/// and replied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
// Some generators make constants without the type's name.
#[schemars(extend("x-enum-varnames" = ["MessageSent", "MessageNotified", "MessageDelivered", "MessageRead", "MessageReplied"]))]
pub enum MessageState {
    Sent,
    Notified,
    Delivered,
    Read,
    Replied,
}

impl Query for ListSentMessages {
    const NAME: &'static str = "sent-messages";
    const PATH: &'static str = "/practices/{practice}/sent-messages";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &staff(Permission::Messaging);
    const PERSONAL: bool = true;
    type Answer = List<SentSummary>;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<SentSummary>, QueryError> {
        let span = Span {
            partition: SentMessages::partition(&self.practice),
            from: Bound::Unbounded,
            until: Bound::Unbounded,
            backwards: true,
        };
        let rows = context.list::<SentMessages>(span).await?;
        let opener = context.opener(rows.items.iter().map(|row| row.patient)).await?;
        let items = rows.items.into_iter().map(|row| shown(row, &opener)).collect::<Result<_, _>>()?;
        Ok(List { items, next: rows.next })
    }
}

fn shown(row: SentRow, opener: &Opener<'_>) -> Result<SentSummary, QueryError> {
    let state = match (row.reply.is_some(), row.is_read, row.is_delivered, row.is_notified) {
        (true, ..) => MessageState::Replied,
        (false, true, ..) => MessageState::Read,
        (false, false, true, _) => MessageState::Delivered,
        (false, false, false, true) => MessageState::Notified,
        (false, false, false, false) => MessageState::Sent,
    };
    Ok(SentSummary {
        title: opener.open(row.patient, &row.title)?,
        reply: opener.open_some(row.patient, row.reply.as_ref())?,
        message: row.message,
        patient: row.patient,
        sent_at: row.sent_at,
        state,
    })
}
