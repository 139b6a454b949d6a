//! One message of a person, with its text, its receipts and its reply: one row per message.

use event_core::{Key, Keys, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::{
    contacts::NotificationChannel,
    messages::{MessageContent, MessageEvent, MessageId, MessageReply, MessageTitle, SystemFacts},
};

use super::order;

pub struct MessageDetails;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageRow {
    pub message: MessageId,
    pub text: DetailText,
    pub sent_at: Timestamp,
    /// One for each channel at most.
    pub receipts: Vec<ReceiptRow>,
    pub read_at: Option<Timestamp>,
    pub reply: Option<Personal<MessageReply>>,
    pub replied_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum DetailText {
    Practice { title: Personal<MessageTitle>, content: Personal<MessageContent> },
    System { facts: SystemFacts },
}

/// A notification about the message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptRow {
    pub channel: NotificationChannel,
    pub requested_at: Timestamp,
    pub notified_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
}

impl MessageDetails {
    pub fn key(subject: SubjectId, message: &MessageId) -> Key {
        Key::new(subject, message)
    }
}

impl MessageRow {
    fn new(message: &MessageId, text: DetailText, sent_at: Timestamp) -> MessageRow {
        MessageRow {
            message: message.clone(),
            text,
            sent_at,
            receipts: Vec::new(),
            read_at: None,
            reply: None,
            replied_at: None,
        }
    }

    fn with_receipt(mut self, channel: NotificationChannel, change: impl FnOnce(&mut ReceiptRow)) -> MessageRow {
        self.receipts.iter_mut().find(|receipt| receipt.channel == channel).map(change);
        self
    }
}

impl Projection for MessageDetails {
    const NAME: &'static str = "message_details";
    const VERSION: u32 = 1;
    type Row = MessageRow;
    type Event = MessageEvent;

    fn keys(fact: &Recorded<MessageEvent>) -> Keys {
        let (message, subject, _) = order::of(&fact.data);
        vec![Self::key(subject, message)]
    }

    fn evolve(_: &Key, row: Option<MessageRow>, fact: &Recorded<MessageEvent>) -> Option<MessageRow> {
        match &fact.data {
            MessageEvent::Sent(event) => {
                let text = DetailText::Practice { title: event.title.clone(), content: event.content.clone() };
                Some(MessageRow::new(&event.message, text, event.sent_at))
            }
            MessageEvent::SystemSent(event) => {
                let text = DetailText::System { facts: event.facts.clone() };
                Some(MessageRow::new(&event.message, text, event.sent_at))
            }
            MessageEvent::NotificationRequested(event) => row.map(|mut row| {
                let (channel, requested_at) = (event.channel, event.requested_at);
                row.receipts.push(ReceiptRow { channel, requested_at, notified_at: None, delivered_at: None });
                row
            }),
            MessageEvent::Notified(event) => {
                row.map(|row| row.with_receipt(event.channel, |receipt| receipt.notified_at = Some(event.notified_at)))
            }
            MessageEvent::Delivered(event) => row
                .map(|row| row.with_receipt(event.channel, |receipt| receipt.delivered_at = Some(event.delivered_at))),
            MessageEvent::Read(event) => row.map(|row| MessageRow { read_at: Some(event.read_at), ..row }),
            MessageEvent::Replied(event) => row.map(|row| MessageRow {
                reply: Some(event.reply.clone()),
                replied_at: Some(event.replied_at),
                ..row
            }),
        }
    }
}

#[cfg(test)]
mod specs {
    use NotificationChannel::{Push, Sms};

    use super::*;
    use crate::{
        messages::spec::{closed, delivered, facts, message, notified, read, replied, requested, sent, system_sent},
        spec::{NINE, TEN_PAST, alice, at, fold},
    };

    #[test]
    fn a_message_has_its_receipts_and_its_reply() {
        let rows = fold::<MessageDetails>([
            sent(1, alice(), NINE),
            requested(1, alice(), Push),
            requested(1, alice(), Sms),
            notified(1, alice(), Push),
            notified(1, alice(), Sms),
            delivered(1, alice(), Sms),
            read(1, alice()),
            replied(1, alice()),
        ]);
        let receipt = |channel, delivered_at| ReceiptRow {
            channel,
            requested_at: at(NINE),
            notified_at: Some(at(TEN_PAST)),
            delivered_at,
        };
        let expected = MessageRow {
            message: message(1),
            text: DetailText::Practice { title: closed(), content: closed() },
            sent_at: at(NINE),
            receipts: vec![receipt(Push, None), receipt(Sms, Some(at(TEN_PAST)))],
            read_at: Some(at(TEN_PAST)),
            reply: Some(closed()),
            replied_at: Some(at(TEN_PAST)),
        };
        assert_eq!(rows.get(&MessageDetails::key(alice(), &message(1))), Some(&expected));
    }

    #[test]
    fn a_message_of_the_system_has_facts() {
        let rows = fold::<MessageDetails>([system_sent(1, alice(), NINE)]);
        let row = rows.values().next().expect("a row");
        assert_eq!((&row.text, row.receipts.len()), (&DetailText::System { facts: facts() }, 0));
    }
}
