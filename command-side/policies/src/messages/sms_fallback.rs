//! A message that is unread after three hours is also notified by SMS. The command decides again when it is due: about
//! the receipt of reading, consent and the phone number.

use domain::messages::{NotifyBySms, notify_by_sms::SMS_AFTER_HOURS};
use event_core::{Policy, Reactions, Recorded, SubjectId, Timestamp};
use vocabulary::messages::{MessageEvent, MessageId};

pub struct SmsFallback;

impl Policy for SmsFallback {
    const NAME: &'static str = "sms-fallback";
    type Event = MessageEvent;

    fn react(fact: &Recorded<MessageEvent>) -> Reactions {
        match &fact.data {
            MessageEvent::Sent(event) => notify(&event.message, event.subject, event.sent_at),
            MessageEvent::SystemSent(event) => notify(&event.message, event.subject, event.sent_at),
            MessageEvent::NotificationRequested(_)
            | MessageEvent::Notified(_)
            | MessageEvent::Delivered(_)
            | MessageEvent::Read(_)
            | MessageEvent::Replied(_) => Reactions::none(),
        }
    }
}

fn notify(message: &MessageId, subject: SubjectId, sent_at: Timestamp) -> Reactions {
    let due_at = sent_at.plus_minutes(SMS_AFTER_HOURS * 60);
    Reactions::give_at(due_at, &NotifyBySms { message: message.clone(), subject })
}

#[cfg(test)]
mod specs {
    use serde_json::json;
    use vocabulary::messages::{MessageRead, SystemFacts, SystemMessageSent};

    use super::*;
    use crate::spec::*;

    #[test]
    fn a_message_is_looked_at_again_after_three_hours() {
        let message = MessageId::of_event(&site(), 7);
        let facts = SystemFacts::AppointmentBooked { session: clinic(), starts_at: at(NINE) };
        let sent = SystemMessageSent { message: message.clone(), subject: alice(), facts, sent_at: at(NINE) };
        let given = reactions::<SmsFallback>(TEN_PAST, sent.into());
        let [notify] = &given[..] else { panic!("{given:?}") };
        assert_eq!((notify.command, notify.due_at), ("notify-by-sms", Some(at("2026-03-09T12:00:00Z"))));
        assert_eq!(notify.body, json!({"message": message, "subject": alice()}));
    }

    #[test]
    fn nothing_else_that_happens_to_a_message_is_notified_by_sms() {
        let message = MessageId::of_event(&site(), 7);
        let read = MessageRead { message, subject: alice(), sent_at: at(NINE), read_at: at(NINE) };
        assert_eq!(reactions::<SmsFallback>(NINE, read.into()), []);
    }
}
