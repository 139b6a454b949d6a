//! The number of a person's unread messages: one row per person.

use event_core::{Key, Keys, Projection, Recorded, SubjectId};
use serde::{Deserialize, Serialize};
use vocabulary::messages::MessageEvent;

use super::order;

pub struct UnreadMessages;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnreadRow {
    pub unread: u64,
}

impl UnreadMessages {
    /// The key of a person's only row.
    pub fn key(subject: SubjectId) -> Key {
        Key::new(subject, "unread")
    }
}

impl Projection for UnreadMessages {
    const NAME: &'static str = "unread_messages";
    const VERSION: u32 = 1;
    type Row = UnreadRow;
    type Event = MessageEvent;

    fn keys(fact: &Recorded<MessageEvent>) -> Keys {
        let (_, subject, _) = order::of(&fact.data);
        match &fact.data {
            MessageEvent::Sent(_) | MessageEvent::SystemSent(_) | MessageEvent::Read(_) => vec![Self::key(subject)],
            MessageEvent::NotificationRequested(_)
            | MessageEvent::Notified(_)
            | MessageEvent::Delivered(_)
            | MessageEvent::Replied(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<UnreadRow>, fact: &Recorded<MessageEvent>) -> Option<UnreadRow> {
        let before = row.as_ref().map_or(0, |row| row.unread);
        match &fact.data {
            MessageEvent::Sent(_) | MessageEvent::SystemSent(_) => Some(UnreadRow { unread: before.saturating_add(1) }),
            // A message is read once, and a reply to an unread one comes with an event of reading.
            MessageEvent::Read(_) => Some(UnreadRow { unread: before.saturating_sub(1) }),
            MessageEvent::NotificationRequested(_)
            | MessageEvent::Notified(_)
            | MessageEvent::Delivered(_)
            | MessageEvent::Replied(_) => row,
        }
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        messages::spec::{read, replied, sent, system_sent},
        spec::{NINE, alice, bob, fold},
    };

    #[test]
    fn a_message_counts_until_it_is_read() {
        let rows = fold::<UnreadMessages>([
            sent(1, alice(), NINE),
            system_sent(2, alice(), NINE),
            sent(3, bob(), NINE),
            read(1, alice()),
            replied(1, alice()),
        ]);
        let unread = |subject| rows.get(&UnreadMessages::key(subject)).map(|row| row.unread);
        assert_eq!((unread(alice()), unread(bob())), (Some(1), Some(1)));
    }
}
