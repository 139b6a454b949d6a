use event_core::SubjectId;
use vocabulary::{
    contacts::NotificationChannel::Sms,
    messages::{MessageId, NotificationRequested},
};

use super::{message::Message, rejections::MESSAGE_NOT_FOUND};
use crate::{contacts::Contact, prelude::*};

/// The time after which a message that is still unread is also notified by SMS.
pub const SMS_AFTER_HOURS: i64 = 3;

/// Notify a patient by SMS of a message that is unread after three hours, if the patient agreed to SMS and has a phone
/// number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotifyBySms {
    pub message: MessageId,
    pub subject: SubjectId,
}

impl Command for NotifyBySms {
    const NAME: &'static str = "notify-by-sms";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[&MESSAGE_NOT_FOUND];
    type Reads = (Message, Contact);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(&self.message), Stream::of(self.subject))
    }

    fn decide(&self, (message, contact): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let sent = message.to(self.subject)?;
        let is_time = context.now >= sent.sent_at.plus_minutes(SMS_AFTER_HOURS * 60);
        if sent.is_read || sent.requested.contains(&Sms) || !is_time || !contact.is_reached_by(Sms) {
            return Ok(nothing_new());
        }
        Ok(record(NotificationRequested {
            message: self.message.clone(),
            subject: self.subject,
            sent_at: sent.sent_at,
            kind: sent.kind(),
            channel: Sms,
            requested_at: context.now,
        }))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::messages::{MessageEvent, MessageKind, MessageRead, ReplyOffer};

    use super::*;
    use crate::spec::*;

    /// Three hours after `NOW`.
    const LATER: &str = "2026-03-02T11:00:00Z";

    fn notify() -> NotifyBySms {
        NotifyBySms { message: message(1, ReplyOffer::None).message(), subject: alice() }
    }

    fn unread() -> World {
        policy().given(written(1, ReplyOffer::None)).at(LATER)
    }

    fn reachable() -> World {
        unread().given(contact_details()).given(consent(&["sms"]))
    }

    #[test]
    fn an_unread_message_is_notified_by_sms_once_after_three_hours() {
        let by_sms: MessageEvent = NotificationRequested {
            message: notify().message,
            subject: alice(),
            sent_at: at(NOW),
            kind: MessageKind::FromPractice,
            channel: Sms,
            requested_at: at(LATER),
        }
        .into();
        reachable().when(notify()).records(&[&by_sms]).when(notify()).nothing_new();
        reachable().at("2026-03-02T10:59:59Z").when(notify()).nothing_new();
    }

    #[test]
    fn a_message_that_was_read_is_not_notified_by_sms() {
        let read = MessageRead { message: notify().message, subject: alice(), sent_at: at(NOW), read_at: at(NOW) };
        reachable().given(read).when(notify()).nothing_new();
    }

    #[test]
    fn without_consent_or_a_phone_number_nothing_is_sent_by_sms() {
        unread().when(notify()).nothing_new();
        unread().given(contact_details()).when(notify()).nothing_new();
        unread().given(consent(&["sms"])).when(notify()).nothing_new();
    }

    #[test]
    fn a_message_that_was_not_sent_to_this_person_is_not_notified() {
        reachable().when(NotifyBySms { subject: bob(), ..notify() }).rejected(&MESSAGE_NOT_FOUND);
        policy().when(notify()).rejected(&MESSAGE_NOT_FOUND);
    }
}
