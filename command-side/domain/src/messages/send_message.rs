use std::collections::BTreeSet;

use event_core::{OrganisationCode, Personal, SubjectId};
use vocabulary::{
    messages::{
        MessageBody, MessageContent, MessageCounted, MessageId, MessageKind, MessageRequestId, MessageSent,
        MessageTitle, ReplyOffer,
    },
    time::LONDON,
};

use super::{
    message::{KEYWORDS_MAX, Message, MessageText, notifications},
    messaging_day::MessagingDay,
    rejections::{INVALID_REPLIES, MESSAGE_EXISTS, TOO_MANY_MESSAGES},
    strict::StrictReplyOffer,
};
use crate::{contacts::Contact, prelude::*};

/// Send a message to a patient of the practice. The same request is sent once.
///
/// A person gets at most 20 such messages a day, from midnight to midnight in London.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendMessage {
    /// The practice that sends it.
    pub sender: OrganisationCode,
    /// A new id among the sender's requests: 12 random characters of Crockford base32. Sender and request are the
    /// message's id.
    pub request: MessageRequestId,
    pub patient: SubjectId,
    pub title: MessageTitle,
    pub body: MessageBody,
    #[serde(with = "StrictReplyOffer")]
    #[schemars(with = "StrictReplyOffer")]
    pub replies: ReplyOffer,
}

impl SendMessage {
    pub fn message(&self) -> MessageId {
        MessageId::requested(&self.sender, &self.request)
    }
}

impl Command for SendMessage {
    const NAME: &'static str = "send-message";
    const WHO: &'static dyn AccessRule = &staff(Permission::Messaging);
    const REJECTIONS: &'static [&'static Rejection] = &[&MESSAGE_EXISTS, &INVALID_REPLIES, &TOO_MANY_MESSAGES];
    type Reads = (Message, MessagingDay, Contact);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.sender.clone())
    }

    fn streams(&self, context: &Context) -> Streams<Self> {
        let today = MessagingDay::of(self.patient, LONDON.day(context.now));
        (Stream::of(self.message()), today, Stream::of(self.patient))
    }

    fn decide(&self, (message, day, contact): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        check_offer(&self.replies)?;
        let title: Personal<MessageTitle> = self.title.clone().into();
        let content = MessageContent { body: self.body.clone(), replies: self.replies.clone() };
        let content: Personal<MessageContent> = content.into();
        if let Message::Sent(known) = message {
            let text = MessageText::Written { title, content };
            let same = known.subject == self.patient && known.text == text;
            return if same { Ok(nothing_new()) } else { Err((&MESSAGE_EXISTS).into()) };
        }
        day.may_write()?;
        let (message, subject, now) = (self.message(), self.patient, context.now);
        let counted = MessageCounted { subject, on: LONDON.day(now), message: message.clone() };
        let notified = notifications(&message, subject, MessageKind::FromPractice, contact, now);
        let sent = MessageSent { message: message.clone(), subject, title, content, sent_at: now };
        Ok(record(sent).and(counted).and_all(notified))
    }
}

/// # Errors
/// `invalid-replies`.
fn check_offer(replies: &ReplyOffer) -> Result<(), Rejected> {
    match replies {
        ReplyOffer::None | ReplyOffer::FreeText => Ok(()),
        ReplyOffer::Keywords { keywords } => {
            let different = keywords.iter().collect::<BTreeSet<_>>().len();
            if (1..=KEYWORDS_MAX).contains(&keywords.len()) && different == keywords.len() {
                Ok(())
            } else {
                Err(INVALID_REPLIES.with("limit", KEYWORDS_MAX))
            }
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::messages::{MessageEvent, MessagingEvent};

    use super::*;
    use crate::{messages::messaging_day::MESSAGES_A_DAY_MAX, spec::*};

    const SENT: [&str; 2] = ["message.sent.v1", "messaging.message-counted.v1"];

    #[test]
    fn a_message_of_a_sender_and_a_request_is_sent_once() {
        let send = message(1, ReplyOffer::None);
        let sent: MessageEvent = MessageSent {
            message: send.message(),
            subject: alice(),
            title: send.title.clone().into(),
            content: MessageContent { body: send.body.clone(), replies: ReplyOffer::None }.into(),
            sent_at: at(NOW),
        }
        .into();
        let on = LONDON.day(at(NOW));
        let counted: MessagingEvent = MessageCounted { subject: alice(), on, message: send.message() }.into();
        let once = desk().when(send.clone()).records(&[&sent, &counted]);
        let twice = once.at("2026-03-09T08:00:00Z").when(send.clone()).nothing_new();
        let body = "Another text".parse().expect("a text");
        twice.clone().when(SendMessage { body, ..send.clone() }).rejected(&MESSAGE_EXISTS);
        twice.clone().when(SendMessage { patient: bob(), ..send.clone() }).rejected(&MESSAGE_EXISTS);
        twice.clone().when(SendMessage { replies: ReplyOffer::FreeText, ..send }).rejected(&MESSAGE_EXISTS);
        twice.when(message(2, ReplyOffer::None)).records_kinds(&SENT);
    }

    #[test]
    fn the_same_request_of_another_sender_is_another_message() {
        let send = message(1, ReplyOffer::None);
        let other = SendMessage { sender: "B54321".parse().expect("a code"), ..send.clone() };
        desk().when(send).records_kinds(&SENT).when(other).records_kinds(&SENT);
    }

    #[test]
    fn a_message_offers_up_to_six_different_keywords() {
        let words = |words: &[&str]| ReplyOffer::Keywords {
            keywords: words.iter().map(|word| word.parse().expect("a keyword")).collect(),
        };
        desk().when(message(1, words(&["1", "2", "3", "4", "5", "6"]))).records_kinds(&SENT);
        for wrong in [words(&[]), words(&["YES", "YES"]), words(&["1", "2", "3", "4", "5", "6", "7"])] {
            desk().when(message(1, wrong)).rejected(&INVALID_REPLIES);
        }
    }

    #[test]
    fn a_message_has_5001_characters_at_no_time() {
        let body = |characters: usize| {
            serde_json::json!({"sender": "A12345", "request": "000000000001", "patient": alice(), "title": "A title",
                "body": "a".repeat(characters), "replies": {"kind": "none"}})
        };
        assert!(!refuses::<SendMessage>(body(5_000)) && refuses::<SendMessage>(body(5_001)));
    }

    #[test]
    fn a_person_gets_twenty_messages_a_day_from_all_organisations() {
        let full = (0..MESSAGES_A_DAY_MAX)
            .fold(desk(), |world, n| world.when(message(n, ReplyOffer::None)).records_kinds(&SENT));
        let one_more = message(MESSAGES_A_DAY_MAX, ReplyOffer::None);
        let details = full.clone().when(one_more.clone()).rejected_with(&TOO_MANY_MESSAGES);
        assert_eq!(details["limit"], MESSAGES_A_DAY_MAX);
        full.clone().when(message(1, ReplyOffer::None)).nothing_new();
        full.clone().when(SendMessage { patient: bob(), ..one_more.clone() }).records_kinds(&SENT);
        full.at("2026-03-03T00:00:00Z").when(one_more).records_kinds(&SENT);
    }

    #[test]
    fn a_person_is_notified_by_the_channels_that_they_agreed_to() {
        let kinds = |notified: usize| [&SENT[..], &vec!["message.notification-requested.v1"; notified]].concat();
        let send = || message(1, ReplyOffer::None);
        let reachable = || desk().given(contact_details());
        reachable().when(send()).records_kinds(&kinds(0));
        reachable().given(consent(&["sms"])).when(send()).records_kinds(&kinds(1));
        reachable().given(consent(&["push", "sms", "email"])).when(send()).records_kinds(&kinds(2));
        desk().given(consent(&["sms", "email"])).when(send()).records_kinds(&kinds(0));
    }
}
