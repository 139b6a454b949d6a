//! The read models of messages: a person's inbox and number of unread messages, one message, and the messages that a
//! practice has sent.

mod inbox;
mod message_details;
mod order;
mod sent_messages;
mod unread_messages;

#[cfg(test)]
mod spec;

pub use inbox::{Inbox, InboxRow, InboxText};
pub use message_details::{DetailText, MessageDetails, MessageRow, ReceiptRow};
pub use sent_messages::{SentMessages, SentRow};
pub use unread_messages::{UnreadMessages, UnreadRow};

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<Inbox>();
    visitor.visit::<MessageDetails>();
    visitor.visit::<UnreadMessages>();
    visitor.visit::<SentMessages>();
}
