use event_core::{Personal, SubjectId};
use vocabulary::messages::{MessageId, MessageRead, MessageReplied, MessageReply, ReplyOffer};

use super::{
    message::{Message, MessageText},
    rejections::{ALREADY_REPLIED, MESSAGE_NOT_FOUND, NO_REPLY_OFFERED, REPLY_NOT_OFFERED},
    strict::StrictMessageReply,
};
use crate::prelude::*;

/// Reply to a message, once: with one of the words that it offers, or in your own words if it asks for them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplyToMessage {
    /// The person that it was sent to.
    pub subject: SubjectId,
    pub message: MessageId,
    #[serde(with = "StrictMessageReply")]
    #[schemars(with = "StrictMessageReply")]
    pub reply: MessageReply,
}

impl Command for ReplyToMessage {
    const NAME: &'static str = "reply-to-message";
    const WHO: &'static dyn AccessRule = &patient(P9);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&MESSAGE_NOT_FOUND, &NO_REPLY_OFFERED, &REPLY_NOT_OFFERED, &ALREADY_REPLIED];
    type Reads = Message;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.message)
    }

    fn decide(&self, message: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let sent = message.to(self.subject)?;
        self.is_offered_by(&sent.text)?;
        let reply: Personal<MessageReply> = self.reply.clone().into();
        if let Some(known) = &sent.reply {
            return if *known == reply { Ok(nothing_new()) } else { Err((&ALREADY_REPLIED).into()) };
        }
        let (subject, sent_at, now) = (self.subject, sent.sent_at, context.now);
        // A reply shows that the message was read, even if the app did not say so.
        let read = MessageRead { message: self.message.clone(), subject, sent_at, read_at: now };
        let read = (!sent.is_read).then_some(read);
        let message = self.message.clone();
        let replied = MessageReplied { message, subject, sent_at, reply, replied_at: now };
        Ok(nothing_new().and_all(read).and(replied))
    }
}

impl ReplyToMessage {
    /// # Errors
    /// `no-reply-offered`, `reply-not-offered`.
    fn is_offered_by(&self, text: &MessageText) -> Result<(), Rejected> {
        let offer = match text {
            MessageText::Written { content, .. } => content.get().map(|content| &content.replies),
            MessageText::System(_) => None,
        };
        let offered = match (offer, &self.reply) {
            (None | Some(ReplyOffer::None), _) => return Err((&NO_REPLY_OFFERED).into()),
            (Some(ReplyOffer::Keywords { keywords }), MessageReply::Keyword { keyword }) => keywords.contains(keyword),
            (Some(ReplyOffer::FreeText), MessageReply::FreeText { .. }) => true,
            (Some(ReplyOffer::Keywords { .. }), MessageReply::FreeText { .. })
            | (Some(ReplyOffer::FreeText), MessageReply::Keyword { .. }) => false,
        };
        if offered { Ok(()) } else { Err((&REPLY_NOT_OFFERED).into()) }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::messages::{MessageEvent, SystemFacts, SystemMessageSent};

    use super::*;
    use crate::spec::*;

    const FIRST: [&str; 2] = ["message.read.v1", "message.replied.v1"];

    fn reply(reply: MessageReply) -> ReplyToMessage {
        ReplyToMessage { subject: alice(), message: message(1, ReplyOffer::None).message(), reply }
    }

    fn word(word: &str) -> MessageReply {
        MessageReply::Keyword { keyword: word.parse().expect("a keyword") }
    }

    fn text(text: &str) -> MessageReply {
        MessageReply::FreeText { text: text.parse().expect("a text") }
    }

    fn yes_or_no() -> World {
        let keywords = ["YES", "NO"].map(|word| word.parse().expect("a keyword")).to_vec();
        world().given(written(1, ReplyOffer::Keywords { keywords }))
    }

    #[test]
    fn a_message_is_replied_to_once_with_an_offered_keyword() {
        let (message, subject, sent_at) = (reply(word("YES")).message, alice(), at(NOW));
        let read: MessageEvent = MessageRead { message: message.clone(), subject, sent_at, read_at: at(NOW) }.into();
        let replied: MessageEvent =
            MessageReplied { message, subject, sent_at, reply: word("YES").into(), replied_at: at(NOW) }.into();
        let once = yes_or_no().when(reply(word("YES"))).records(&[&read, &replied]);
        once.when(reply(word("YES"))).nothing_new().when(reply(word("NO"))).rejected(&ALREADY_REPLIED);
        let read = yes_or_no().given(read);
        read.when(reply(word("NO"))).records_kinds(&["message.replied.v1"]);
    }

    #[test]
    fn a_keyword_that_is_not_offered_and_other_words_are_refused() {
        yes_or_no().when(reply(word("MAYBE"))).rejected(&REPLY_NOT_OFFERED);
        yes_or_no().when(reply(text("YES"))).rejected(&REPLY_NOT_OFFERED);
    }

    #[test]
    fn one_free_text_is_taken_where_it_is_asked_for() {
        let asked = || world().given(written(1, ReplyOffer::FreeText));
        let once = asked().when(reply(text("Tuesday suits me"))).records_kinds(&FIRST);
        once.when(reply(text("or Friday"))).rejected(&ALREADY_REPLIED);
        asked().when(reply(word("YES"))).rejected(&REPLY_NOT_OFFERED);
    }

    #[test]
    fn a_message_without_an_offer_and_one_of_the_system_are_not_replied_to() {
        world().given(written(1, ReplyOffer::None)).when(reply(text("Thanks"))).rejected(&NO_REPLY_OFFERED);
        let message = MessageId::of_event(&site(), 7);
        let facts = SystemFacts::AppointmentBooked { session: clinic(), starts_at: at(NINE) };
        let sent = SystemMessageSent { message: message.clone(), subject: alice(), facts, sent_at: at(NOW) };
        let thanks = ReplyToMessage { message, ..reply(text("Thanks")) };
        world().given(sent).when(thanks).rejected(&NO_REPLY_OFFERED);
    }

    #[test]
    fn a_message_to_another_person_cannot_be_replied_to() {
        let bobs = ReplyToMessage { subject: bob(), ..reply(word("YES")) };
        yes_or_no().by(as_patient(bob())).when(bobs).rejected(&MESSAGE_NOT_FOUND);
    }
}
