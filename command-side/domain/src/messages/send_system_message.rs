use event_core::SubjectId;
use vocabulary::messages::{MessageId, SystemFacts, SystemMessageSent};

use super::{
    message::{Message, MessageText, notifications},
    rejections::MESSAGE_EXISTS,
};
use crate::{contacts::Contact, prelude::*};

/// Send a patient the message that follows from an event: facts, of which the sentence is made when it is read.
///
/// The message's id is computed from the event, so that each event is reported once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendSystemMessage {
    pub message: MessageId,
    pub patient: SubjectId,
    pub facts: SystemFacts,
}

impl Command for SendSystemMessage {
    const NAME: &'static str = "send-system-message";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[&MESSAGE_EXISTS];
    type Reads = (Message, Contact);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(&self.message), Stream::of(self.patient))
    }

    fn decide(&self, (message, contact): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let facts = self.facts.clone();
        if let Message::Sent(known) = message {
            let same = known.subject == self.patient && known.text == MessageText::System(facts);
            return if same { Ok(nothing_new()) } else { Err((&MESSAGE_EXISTS).into()) };
        }
        let (message, subject, sent_at) = (self.message.clone(), self.patient, context.now);
        let notified = notifications(&self.message, subject, facts.kind(), contact, sent_at);
        Ok(record(SystemMessageSent { message, subject, facts, sent_at }).and_all(notified))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::{
        contacts::NotificationChannel,
        messages::{MessageEvent, MessageKind, NotificationRequested},
    };

    use super::*;
    use crate::spec::*;

    fn send(starts_at: &str) -> SendSystemMessage {
        SendSystemMessage {
            message: MessageId::of_event(&site(), 7),
            patient: alice(),
            facts: SystemFacts::AppointmentBooked { session: clinic(), starts_at: at(starts_at) },
        }
    }

    #[test]
    fn an_event_is_reported_once() {
        let (message, subject) = (send(NINE).message, alice());
        let sent: MessageEvent =
            SystemMessageSent { message: message.clone(), subject, facts: send(NINE).facts, sent_at: at(NOW) }.into();
        let notified: MessageEvent = NotificationRequested {
            message,
            subject,
            sent_at: at(NOW),
            kind: MessageKind::AppointmentBooked,
            channel: NotificationChannel::Push,
            requested_at: at(NOW),
        }
        .into();
        let once = policy().given(consent(&["push"])).when(send(NINE)).records(&[&sent, &notified]);
        let twice = once.at("2026-03-03T08:00:00Z").when(send(NINE)).nothing_new();
        twice.clone().when(send(TEN_PAST)).rejected(&MESSAGE_EXISTS);
        twice.when(SendSystemMessage { patient: bob(), ..send(NINE) }).rejected(&MESSAGE_EXISTS);
    }

    #[test]
    fn without_consent_the_message_is_in_the_inbox_only() {
        policy().given(contact_details()).when(send(NINE)).records_kinds(&["message.system-sent.v1"]);
    }
}
