//! The events of messages that the tests beside the read models use.

use event_core::{Personal, SubjectId};
use serde::de::DeserializeOwned;
use vocabulary::{
    contacts::NotificationChannel,
    messages::{
        MessageDelivered, MessageEvent, MessageId, MessageKind, MessageNotified, MessageRead, MessageReplied,
        MessageSent, NotificationRequested, SystemFacts, SystemMessageSent,
    },
};

use crate::spec::{NINE, TEN_PAST, at, clinic, site};

pub fn closed<T: DeserializeOwned>() -> T {
    serde_json::from_str("\"p0.e30\"").expect("a closed text")
}

pub fn message(request: u32) -> MessageId {
    MessageId::requested(&site(), &format!("{request:012}").parse().expect("a request"))
}

pub fn sent(request: u32, subject: SubjectId, sent_at: &str) -> MessageEvent {
    let (title, content) = (closed(), closed());
    MessageSent { message: message(request), subject, title, content, sent_at: at(sent_at) }.into()
}

pub fn facts() -> SystemFacts {
    SystemFacts::AppointmentBooked { session: clinic(), starts_at: at(NINE) }
}

pub fn system_sent(request: u32, subject: SubjectId, sent_at: &str) -> MessageEvent {
    SystemMessageSent { message: message(request), subject, facts: facts(), sent_at: at(sent_at) }.into()
}

pub fn requested(request: u32, subject: SubjectId, channel: NotificationChannel) -> MessageEvent {
    let (sent_at, kind) = (at(NINE), MessageKind::FromPractice);
    NotificationRequested { message: message(request), subject, sent_at, kind, channel, requested_at: sent_at }.into()
}

pub fn notified(request: u32, subject: SubjectId, channel: NotificationChannel) -> MessageEvent {
    let sent_at = at(NINE);
    MessageNotified { message: message(request), subject, sent_at, channel, notified_at: at(TEN_PAST) }.into()
}

pub fn delivered(request: u32, subject: SubjectId, channel: NotificationChannel) -> MessageEvent {
    let sent_at = at(NINE);
    MessageDelivered { message: message(request), subject, sent_at, channel, delivered_at: at(TEN_PAST) }.into()
}

pub fn read(request: u32, subject: SubjectId) -> MessageEvent {
    MessageRead { message: message(request), subject, sent_at: at(NINE), read_at: at(TEN_PAST) }.into()
}

pub fn replied(request: u32, subject: SubjectId) -> MessageEvent {
    let (sent_at, reply): (_, Personal<_>) = (at(NINE), closed());
    MessageReplied { message: message(request), subject, sent_at, reply, replied_at: at(TEN_PAST) }.into()
}
