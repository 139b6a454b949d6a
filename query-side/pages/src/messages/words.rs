//! Replies and numbers of messages as people say them.

use vocabulary::messages::MessageReply;

use crate::words;

/// The reply of a patient.
pub fn reply_words(reply: &MessageReply) -> String {
    match reply {
        MessageReply::Keyword { keyword } => keyword.to_string(),
        MessageReply::FreeText { text } => text.as_str().to_owned(),
    }
}

/// `You have 1 unread message`
pub fn unread_words(unread: u64) -> String {
    match unread {
        0 => "You have no unread messages".to_owned(),
        _ => format!("You have {}", words::count(unread, "unread message", "unread messages")),
    }
}
