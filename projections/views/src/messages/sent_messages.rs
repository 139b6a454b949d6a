//! The messages that a practice wrote, in the order of sending, each with what became of it: one row per message.
//! Messages that follow from events have no row, because their number would hide those that people wrote.

use event_core::{Key, Keys, OrganisationCode, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::messages::{MessageEvent, MessageId, MessageReply, MessageTitle};

use super::order;

pub struct SentMessages;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentRow {
    pub message: MessageId,
    pub patient: SubjectId,
    pub title: Personal<MessageTitle>,
    pub sent_at: Timestamp,
    /// True once a notification was handed over, and once one arrived.
    pub is_notified: bool,
    pub is_delivered: bool,
    pub is_read: bool,
    pub reply: Option<Personal<MessageReply>>,
}

impl SentMessages {
    pub fn partition(practice: &OrganisationCode) -> String {
        practice.to_string()
    }
}

impl Projection for SentMessages {
    const NAME: &'static str = "sent_messages";
    const VERSION: u32 = 1;
    type Row = SentRow;
    type Event = MessageEvent;

    fn keys(fact: &Recorded<MessageEvent>) -> Keys {
        let (message, _, sent_at) = order::of(&fact.data);
        match &fact.data {
            MessageEvent::Sent(_)
            | MessageEvent::Notified(_)
            | MessageEvent::Delivered(_)
            | MessageEvent::Read(_)
            | MessageEvent::Replied(_) => vec![Key::new(message.sender(), order::sort(sent_at, message))],
            MessageEvent::SystemSent(_) | MessageEvent::NotificationRequested(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<SentRow>, fact: &Recorded<MessageEvent>) -> Option<SentRow> {
        match &fact.data {
            MessageEvent::Sent(event) => Some(SentRow {
                message: event.message.clone(),
                patient: event.subject,
                title: event.title.clone(),
                sent_at: event.sent_at,
                is_notified: false,
                is_delivered: false,
                is_read: false,
                reply: None,
            }),
            // There is no row for a message that follows from an event.
            MessageEvent::Notified(_) => row.map(|row| SentRow { is_notified: true, ..row }),
            MessageEvent::Delivered(_) => row.map(|row| SentRow { is_delivered: true, ..row }),
            MessageEvent::Read(_) => row.map(|row| SentRow { is_read: true, ..row }),
            MessageEvent::Replied(event) => row.map(|row| SentRow { reply: Some(event.reply.clone()), ..row }),
            MessageEvent::SystemSent(_) | MessageEvent::NotificationRequested(_) => row,
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::contacts::NotificationChannel::Push;

    use super::*;
    use crate::{
        messages::spec::{closed, delivered, message, notified, read, replied, requested, sent, system_sent},
        spec::{NINE, TEN_PAST, alice, bob, fold, site},
    };

    #[test]
    fn each_message_that_a_practice_wrote_is_a_row_with_what_became_of_it() {
        let rows = fold::<SentMessages>([
            sent(2, bob(), TEN_PAST),
            sent(1, alice(), NINE),
            requested(1, alice(), Push),
            notified(1, alice(), Push),
            delivered(1, alice(), Push),
            read(1, alice()),
            replied(1, alice()),
        ]);
        assert!(rows.keys().all(|key| key.partition == SentMessages::partition(&site())));
        let [first, second] = rows.values().collect::<Vec<_>>()[..] else { panic!("{rows:?}") };
        assert_eq!((&first.message, first.patient, &first.reply), (&message(1), alice(), &Some(closed())));
        assert!(first.is_notified && first.is_delivered && first.is_read);
        assert_eq!((second.patient, &second.reply), (bob(), &None));
        assert!(!second.is_notified && !second.is_delivered && !second.is_read);
    }

    #[test]
    fn a_message_that_follows_from_an_event_is_not_among_them() {
        let all = [system_sent(1, alice(), NINE), notified(1, alice(), Push), read(1, alice())];
        assert!(fold::<SentMessages>(all).is_empty());
    }
}
