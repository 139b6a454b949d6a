//! One message of a person, with its receipts and its reply.

use event_core::{AccessRule, Rejection, SubjectId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{DetailText, MessageDetails, MessageRow, ReceiptRow};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    contacts::NotificationChannel,
    messages::{MESSAGE_NOT_FOUND, MessageId, MessageKind, MessageReply, ReplyOffer, SystemFacts},
};

use super::sentence::{self, MessagePlaces};
use crate::practices::Site;
use query_engine::{Kind, Opener, Query, QueryContext, QueryError};

/// One message of a person, with its receipts and its reply.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeMessage {
    pub subject: SubjectId,
    pub message: MessageId,
}

/// A message, with its receipts and its reply.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageThread {
    pub message: MessageId,
    pub sender: Site,
    pub kind: MessageKind,
    /// Absent once the person's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Absent once the person's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The facts of a message that follows from an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<SystemFacts>,
    pub sent_at: Timestamp,
    /// The replies that it offers. Absent for a message that follows from an event, and once the person's data was
    /// erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replies: Option<ReplyOffer>,
    /// Absent, too, once the person's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<MessageReply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replied_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// The notifications about it, at most one for each channel.
    pub receipts: Vec<MessageReceipt>,
}

/// A notification about a message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageReceipt {
    pub channel: NotificationChannel,
    pub requested_at: Timestamp,
    /// The time at which it was handed over to the service that carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notified_at: Option<Timestamp>,
    /// The time at which it arrived, as that service reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
}

impl Query for SeeMessage {
    const NAME: &'static str = "message";
    const PATH: &'static str = "/patients/{subject}/messages/{message}";
    const KIND: Kind = Kind::Rows;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Messaging));
    const PERSONAL: bool = true;
    const REJECTIONS: &'static [&'static Rejection] = &[&MESSAGE_NOT_FOUND];
    type Answer = MessageThread;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<MessageThread, QueryError> {
        let key = MessageDetails::key(self.subject, &self.message);
        let row = context.row::<MessageDetails>(&key).await?.ok_or(&MESSAGE_NOT_FOUND)?;
        let is_personal = matches!(row.text, DetailText::Practice { .. });
        let opener = context.opener(is_personal.then_some(self.subject)).await?;
        let mut places = MessagePlaces::default();
        let facts = match &row.text {
            DetailText::Practice { .. } => None,
            DetailText::System { facts } => Some(facts),
        };
        let sender = places.sender(&row.message, facts, context).await?;
        let text = match facts {
            None => None,
            Some(facts) => Some(places.text(facts, context).await?),
        };
        shown(self.subject, row, sender, text, &opener)
    }
}

/// The message as it is shown; `sentence` is that of the facts.
fn shown(
    person: SubjectId,
    row: MessageRow,
    sender: Site,
    sentence: Option<String>,
    opener: &Opener<'_>,
) -> Result<MessageThread, QueryError> {
    let (kind, title, text, facts, replies) = match row.text {
        DetailText::Practice { title, content } => {
            let title = opener.open(person, &title)?.map(String::from);
            let content = opener.open(person, &content)?;
            let (body, replies) = content.map(|content| (content.body.into(), content.replies)).unzip();
            (MessageKind::FromPractice, title, body, None, replies)
        }
        DetailText::System { facts } => {
            let kind = facts.kind();
            (kind, Some(sentence::title(kind).to_owned()), sentence, Some(facts), None)
        }
    };
    let receipt = |ReceiptRow { channel, requested_at, notified_at, delivered_at }| MessageReceipt {
        channel,
        requested_at,
        notified_at,
        delivered_at,
    };
    Ok(MessageThread {
        message: row.message,
        sender,
        kind,
        title,
        text,
        facts,
        sent_at: row.sent_at,
        replies,
        reply: opener.open_some(person, row.reply.as_ref())?,
        replied_at: row.replied_at,
        read_at: row.read_at,
        receipts: row.receipts.into_iter().map(receipt).collect(),
    })
}
