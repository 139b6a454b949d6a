//! The place of a message among others, and the parts of its events that all of them have.

use event_core::{SubjectId, Timestamp};
use vocabulary::messages::{MessageEvent, MessageId};

/// The sort key: messages in the order in which they were sent. Whole seconds have a fixed width.
pub(super) fn sort(sent_at: Timestamp, message: &MessageId) -> String {
    format!("{}.{message}", sent_at.whole_second())
}

/// The message, the person that it was sent to, and the time of sending.
pub(super) fn of(event: &MessageEvent) -> (&MessageId, SubjectId, Timestamp) {
    match event {
        MessageEvent::Sent(event) => (&event.message, event.subject, event.sent_at),
        MessageEvent::SystemSent(event) => (&event.message, event.subject, event.sent_at),
        MessageEvent::NotificationRequested(event) => (&event.message, event.subject, event.sent_at),
        MessageEvent::Notified(event) => (&event.message, event.subject, event.sent_at),
        MessageEvent::Delivered(event) => (&event.message, event.subject, event.sent_at),
        MessageEvent::Read(event) => (&event.message, event.subject, event.sent_at),
        MessageEvent::Replied(event) => (&event.message, event.subject, event.sent_at),
    }
}
