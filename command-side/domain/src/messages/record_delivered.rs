use event_core::SubjectId;
use vocabulary::{
    contacts::NotificationChannel,
    messages::{MessageDelivered, MessageId},
};

use super::{
    message::Message,
    rejections::{MESSAGE_NOT_FOUND, NOTIFICATION_NOT_FOUND},
};
use crate::prelude::*;

/// Record that a notification has reached the patient, as the service that carries it reports.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordDelivered {
    pub message: MessageId,
    pub subject: SubjectId,
    pub channel: NotificationChannel,
}

impl Command for RecordDelivered {
    const NAME: &'static str = "record-delivered";
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
        if sent.delivered.contains(&self.channel) {
            return Ok(nothing_new());
        }
        Ok(record(MessageDelivered {
            message: self.message.clone(),
            subject: self.subject,
            sent_at: sent.sent_at,
            channel: self.channel,
            delivered_at: context.now,
        }))
    }
}

#[cfg(test)]
mod specs {
    use NotificationChannel::{Push, Sms};
    use vocabulary::messages::{MessageEvent, ReplyOffer};

    use super::*;
    use crate::spec::*;

    fn receipt(channel: NotificationChannel) -> RecordDelivered {
        RecordDelivered { message: message(1, ReplyOffer::None).message(), subject: alice(), channel }
    }

    #[test]
    fn a_notification_is_delivered_once_for_each_channel() {
        let delivered: MessageEvent = MessageDelivered {
            message: receipt(Push).message,
            subject: alice(),
            sent_at: at(NOW),
            channel: Push,
            delivered_at: at(NOW),
        }
        .into();
        let requested = policy()
            .given(written(1, ReplyOffer::None))
            .given(notification_requested(1, Push))
            .given(notification_requested(1, Sms));
        let once = requested.when(receipt(Push)).records(&[&delivered]);
        once.when(receipt(Push)).nothing_new().when(receipt(Sms)).records_kinds(&["message.delivered.v1"]);
    }

    #[test]
    fn a_receipt_is_of_a_notification_that_was_requested() {
        let requested = policy().given(written(1, ReplyOffer::None)).given(notification_requested(1, Push));
        requested.clone().when(receipt(Sms)).rejected(&NOTIFICATION_NOT_FOUND);
        requested.when(RecordDelivered { subject: bob(), ..receipt(Push) }).rejected(&MESSAGE_NOT_FOUND);
    }
}
