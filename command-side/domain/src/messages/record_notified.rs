use event_core::SubjectId;
use vocabulary::{
    contacts::NotificationChannel,
    messages::{MessageId, MessageNotified},
};

use super::{
    message::Message,
    rejections::{MESSAGE_NOT_FOUND, NOTIFICATION_NOT_FOUND},
};
use crate::prelude::*;

/// Record that a notification handed over to the service that carries it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordNotified {
    pub message: MessageId,
    pub subject: SubjectId,
    pub channel: NotificationChannel,
}

impl Command for RecordNotified {
    const NAME: &'static str = "record-notified";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[&MESSAGE_NOT_FOUND, &NOTIFICATION_NOT_FOUND];
    type Reads = Message;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.message)
    }

    fn decide(&self, message: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let sent = message.to(self.subject)?;
        sent.was_requested(self.channel)?;
        if sent.notified.contains(&self.channel) {
            return Ok(nothing_new());
        }
        Ok(record(MessageNotified {
            message: self.message.clone(),
            subject: self.subject,
            sent_at: sent.sent_at,
            channel: self.channel,
            notified_at: context.now,
        }))
    }
}

#[cfg(test)]
mod specs {
    use NotificationChannel::{Push, Sms};
    use vocabulary::messages::{MessageEvent, ReplyOffer};

    use super::*;
    use crate::spec::*;

    fn receipt(channel: NotificationChannel) -> RecordNotified {
        RecordNotified { message: message(1, ReplyOffer::None).message(), subject: alice(), channel }
    }

    #[test]
    fn a_notification_is_notified_once_for_each_channel() {
        let notified: MessageEvent = MessageNotified {
            message: receipt(Push).message,
            subject: alice(),
            sent_at: at(NOW),
            channel: Push,
            notified_at: at(NOW),
        }
        .into();
        let requested = policy()
            .given(written(1, ReplyOffer::None))
            .given(notification_requested(1, Push))
            .given(notification_requested(1, Sms));
        let once = requested.when(receipt(Push)).records(&[&notified]);
        once.when(receipt(Push)).nothing_new().when(receipt(Sms)).records_kinds(&["message.notified.v1"]);
    }

    #[test]
    fn a_receipt_is_of_a_notification_that_was_requested() {
        let requested = policy().given(written(1, ReplyOffer::None)).given(notification_requested(1, Push));
        requested.clone().when(receipt(Sms)).rejected(&NOTIFICATION_NOT_FOUND);
        requested.when(RecordNotified { subject: bob(), ..receipt(Push) }).rejected(&MESSAGE_NOT_FOUND);
    }
}
