use event_core::SubjectId;
use vocabulary::messages::{MessageId, MessageRead};

use super::{message::Message, rejections::MESSAGE_NOT_FOUND};
use crate::prelude::*;

/// Say that a message was read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MarkRead {
    /// The person that it was sent to.
    pub subject: SubjectId,
    pub message: MessageId,
}

impl Command for MarkRead {
    const NAME: &'static str = "mark-read";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View));
    const REJECTIONS: &'static [&'static Rejection] = &[&MESSAGE_NOT_FOUND];
    type Reads = Message;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.message)
    }

    fn decide(&self, message: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let sent = message.to(self.subject)?;
        if sent.is_read {
            return Ok(nothing_new());
        }
        let (message, subject, sent_at) = (self.message.clone(), self.subject, sent.sent_at);
        Ok(record(MessageRead { message, subject, sent_at, read_at: context.now }))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::messages::{MessageEvent, ReplyOffer};

    use super::*;
    use crate::spec::*;

    fn read() -> MarkRead {
        MarkRead { subject: alice(), message: message(1, ReplyOffer::None).message() }
    }

    #[test]
    fn a_message_is_read_once() {
        let later = "2026-03-02T09:00:00Z";
        let recorded: MessageEvent =
            MessageRead { message: read().message, subject: alice(), sent_at: at(NOW), read_at: at(later) }.into();
        let sent = world().given(written(1, ReplyOffer::None)).at(later);
        sent.when(read()).records(&[&recorded]).when(read()).nothing_new();
    }

    #[test]
    fn a_message_to_another_person_is_not_found() {
        let sent = world().given(written(1, ReplyOffer::None));
        sent.by(as_patient(bob())).when(MarkRead { subject: bob(), ..read() }).rejected(&MESSAGE_NOT_FOUND);
        world().when(read()).rejected(&MESSAGE_NOT_FOUND);
    }
}
