//! The rejections of commands about messages. Queries give one of them, too.

use event_core::{
    Class::{self, Conflict, NotFound, Rule},
    Rejection,
};
pub use vocabulary::messages::MESSAGE_NOT_FOUND;

const fn rejection(code: &'static str, class: Class, title: &'static str, advice: &'static str) -> Rejection {
    Rejection { code, class, title, advice }
}

pub const MESSAGE_EXISTS: Rejection = rejection(
    "message-exists",
    Conflict,
    "Another message was sent with this request.",
    "Send a new message with a new request. The same request with the same message is sent once.",
);
pub const TOO_MANY_MESSAGES: Rejection = rejection(
    "too-many-messages",
    Rule,
    "This person has been sent as many messages as one day allows.",
    "`limit` says how many. Write again tomorrow, or call the person.",
);
pub const INVALID_REPLIES: Rejection = rejection(
    "invalid-replies",
    Rule,
    "The replies that this message offers are not right.",
    "Offer one to six different words, a reply in the person's own words, or none.",
);
pub const NO_REPLY_OFFERED: Rejection = rejection(
    "no-reply-offered",
    Rule,
    "You cannot reply to this message.",
    "Call the practice if you have a question about it.",
);
pub const REPLY_NOT_OFFERED: Rejection = rejection(
    "reply-not-offered",
    Rule,
    "This is not one of the replies that the message offers.",
    "Read the message again, and use one of the replies that it names.",
);
pub const ALREADY_REPLIED: Rejection = rejection(
    "already-replied",
    Conflict,
    "You have replied to this message already, in other words.",
    "Call the practice if your reply was not right.",
);
pub const NOTIFICATION_NOT_FOUND: Rejection = rejection(
    "notification-not-found",
    NotFound,
    "No notification was to be sent by this channel.",
    "A receipt belongs to a notification that was requested.",
);
