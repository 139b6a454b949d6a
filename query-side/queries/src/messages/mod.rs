//! The queries of messages.

mod count_unread_messages;
mod list_messages;
mod list_sent_messages;
mod see_message;
mod sentence;

pub use count_unread_messages::{CountUnreadMessages, UnreadCount};
pub use list_messages::{InboxMessage, ListMessages};
pub use list_sent_messages::{ListSentMessages, MessageState, SentSummary};
pub use see_message::{MessageReceipt, MessageThread, SeeMessage};

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![entry::<ListMessages>(), entry::<SeeMessage>(), entry::<CountUnreadMessages>(), entry::<ListSentMessages>()]
}
