//! A person's messages in the order in which they were sent, without their texts: one row per message.

use event_core::{Key, Keys, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::messages::{MessageEvent, MessageId, MessageTitle, SystemFacts};

use super::order;

pub struct Inbox;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InboxRow {
    pub message: MessageId,
    pub text: InboxText,
    pub sent_at: Timestamp,
    pub is_read: bool,
    pub is_replied: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum InboxText {
    Practice { title: Personal<MessageTitle> },
    System { facts: SystemFacts },
}

impl Inbox {
    pub fn partition(subject: SubjectId) -> String {
        subject.to_string()
    }
}

impl Projection for Inbox {
    const NAME: &'static str = "inbox";
    const VERSION: u32 = 1;
    type Row = InboxRow;
    type Event = MessageEvent;

    fn keys(fact: &Recorded<MessageEvent>) -> Keys {
        let (message, subject, sent_at) = order::of(&fact.data);
        match &fact.data {
            MessageEvent::Sent(_) | MessageEvent::SystemSent(_) | MessageEvent::Read(_) | MessageEvent::Replied(_) => {
                vec![Key::new(subject, order::sort(sent_at, message))]
            }
            MessageEvent::NotificationRequested(_) | MessageEvent::Notified(_) | MessageEvent::Delivered(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<InboxRow>, fact: &Recorded<MessageEvent>) -> Option<InboxRow> {
        let new = |message: &MessageId, text, sent_at| {
            Some(InboxRow { message: message.clone(), text, sent_at, is_read: false, is_replied: false })
        };
        match &fact.data {
            MessageEvent::Sent(event) => {
                new(&event.message, InboxText::Practice { title: event.title.clone() }, event.sent_at)
            }
            MessageEvent::SystemSent(event) => {
                new(&event.message, InboxText::System { facts: event.facts.clone() }, event.sent_at)
            }
            MessageEvent::Read(_) => row.map(|row| InboxRow { is_read: true, ..row }),
            MessageEvent::Replied(_) => row.map(|row| InboxRow { is_replied: true, ..row }),
            MessageEvent::NotificationRequested(_) | MessageEvent::Notified(_) | MessageEvent::Delivered(_) => row,
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::contacts::NotificationChannel::Push;

    use super::*;
    use crate::{
        messages::spec::{delivered, facts, message, notified, read, replied, requested, sent, system_sent},
        spec::{NINE, TEN_PAST, alice, bob, fold},
    };

    #[test]
    fn each_message_is_a_row_in_the_order_of_sending() {
        let rows = fold::<Inbox>([system_sent(2, alice(), TEN_PAST), sent(1, alice(), NINE), sent(3, bob(), NINE)]);
        let of_alice: Vec<_> =
            rows.iter().filter(|(key, _)| key.partition == Inbox::partition(alice())).map(|(_, row)| row).collect();
        let messages: Vec<_> = of_alice.iter().map(|row| row.message.clone()).collect();
        assert_eq!(messages, [message(1), message(2)]);
        assert_eq!(of_alice[1].text, InboxText::System { facts: facts() });
        assert!(of_alice.iter().all(|row| !row.is_read && !row.is_replied));
    }

    #[test]
    fn a_row_says_that_its_message_was_read_and_replied_to() {
        let all = [
            sent(1, alice(), NINE),
            sent(2, alice(), NINE),
            requested(1, alice(), Push),
            notified(1, alice(), Push),
            delivered(1, alice(), Push),
            read(1, alice()),
        ];
        let states = |rows: std::collections::BTreeMap<Key, InboxRow>| -> Vec<_> {
            rows.into_values().map(|row| (row.is_read, row.is_replied)).collect()
        };
        assert_eq!(states(fold::<Inbox>(all.clone())), [(true, false), (false, false)]);
        let all = all.into_iter().chain([replied(1, alice())]);
        assert_eq!(states(fold::<Inbox>(all)), [(true, true), (false, false)]);
    }
}
