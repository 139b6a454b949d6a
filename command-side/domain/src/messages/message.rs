//! One message, with its notifications, its receipts and its reply. Its stream has a few events at most, because each
//! of them happens once.

use event_core::{Personal, Rejected, State, SubjectId, Timestamp};
use vocabulary::{
    contacts::NotificationChannel,
    messages::{
        MessageContent, MessageEvent, MessageId, MessageKind, MessageReply, MessageTitle, NotificationRequested,
        SystemFacts,
    },
};

use super::rejections::{MESSAGE_NOT_FOUND, NOTIFICATION_NOT_FOUND};
use crate::contacts::Contact;

/// The maximum number of words among which a patient can choose a reply.
pub const KEYWORDS_MAX: usize = 6;

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Message {
    #[default]
    Unsent,
    Sent(Box<SentMessage>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct SentMessage {
    pub subject: SubjectId,
    pub sent_at: Timestamp,
    pub text: MessageText,
    /// The channels by which a notification was requested, was handed over, and arrived.
    pub requested: Vec<NotificationChannel>,
    pub notified: Vec<NotificationChannel>,
    pub delivered: Vec<NotificationChannel>,
    pub is_read: bool,
    pub reply: Option<Personal<MessageReply>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum MessageText {
    Written { title: Personal<MessageTitle>, content: Personal<MessageContent> },
    System(SystemFacts),
}

impl SentMessage {
    fn unread(subject: SubjectId, sent_at: Timestamp, text: MessageText) -> Message {
        Message::Sent(Box::new(SentMessage {
            subject,
            sent_at,
            text,
            requested: Vec::new(),
            notified: Vec::new(),
            delivered: Vec::new(),
            is_read: false,
            reply: None,
        }))
    }

    pub fn kind(&self) -> MessageKind {
        match &self.text {
            MessageText::Written { .. } => MessageKind::FromPractice,
            MessageText::System(facts) => facts.kind(),
        }
    }

    /// Checks that a notification by this channel was requested.
    ///
    /// # Errors
    /// `notification-not-found`.
    pub fn was_requested(&self, channel: NotificationChannel) -> Result<(), Rejected> {
        if self.requested.contains(&channel) { Ok(()) } else { Err((&NOTIFICATION_NOT_FOUND).into()) }
    }
}

impl State for Message {
    type Event = MessageEvent;

    fn evolve(&mut self, event: &MessageEvent) {
        match (&mut *self, event) {
            (message, MessageEvent::Sent(sent)) => {
                let text = MessageText::Written { title: sent.title.clone(), content: sent.content.clone() };
                *message = SentMessage::unread(sent.subject, sent.sent_at, text);
            }
            (message, MessageEvent::SystemSent(sent)) => {
                *message = SentMessage::unread(sent.subject, sent.sent_at, MessageText::System(sent.facts.clone()));
            }
            (Message::Sent(message), MessageEvent::NotificationRequested(event)) => {
                message.requested.push(event.channel);
            }
            (Message::Sent(message), MessageEvent::Notified(event)) => message.notified.push(event.channel),
            (Message::Sent(message), MessageEvent::Delivered(event)) => message.delivered.push(event.channel),
            (Message::Sent(message), MessageEvent::Read(_)) => message.is_read = true,
            (Message::Sent(message), MessageEvent::Replied(event)) => message.reply = Some(event.reply.clone()),
            (
                Message::Unsent,
                MessageEvent::NotificationRequested(_)
                | MessageEvent::Notified(_)
                | MessageEvent::Delivered(_)
                | MessageEvent::Read(_)
                | MessageEvent::Replied(_),
            ) => {}
        }
    }
}

impl Message {
    /// The message, if it was sent to this person. A message to another person is as unknown as one that was never sent.
    ///
    /// # Errors
    /// `message-not-found`.
    pub fn to(&self, subject: SubjectId) -> Result<&SentMessage, Rejected> {
        match self {
            Message::Sent(message) if message.subject == subject => Ok(message),
            Message::Sent(_) | Message::Unsent => Err((&MESSAGE_NOT_FOUND).into()),
        }
    }
}

/// The notifications of a new message, by the channels through which the person agreed to be reached.
pub fn notifications<'a>(
    message: &'a MessageId,
    subject: SubjectId,
    kind: MessageKind,
    contact: &Contact,
    now: Timestamp,
) -> impl Iterator<Item = NotificationRequested> + use<'a> {
    contact.channels().into_iter().map(move |channel| NotificationRequested {
        message: message.clone(),
        subject,
        sent_at: now,
        kind,
        channel,
        requested_at: now,
    })
}
