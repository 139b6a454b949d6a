//! The gateways that notify people of messages: a gateway for each channel. The contents are made when they are sent, from
//! the contact details and consents of that moment.

use std::marker::PhantomData;

use domain::{
    contacts::Contact,
    messages::{Notification, RecordNotified},
};
use event_core::{Gateway, Reaction, Recorded, Stream, Timestamp};
use serde_json::{Value, json};
use vocabulary::{
    contacts::NotificationChannel,
    messages::{MessageEvent, NotificationRequested},
};

/// The gateway of a channel.
pub struct Notifications<C>(PhantomData<C>);

/// A channel, as a type.
pub trait OfChannel: Send + Sync + 'static {
    const NAME: &'static str;
    const CHANNEL: NotificationChannel;
}

/// To the devices of a person, by the subject id.
pub struct ByPush;

impl OfChannel for ByPush {
    const NAME: &'static str = "push";
    const CHANNEL: NotificationChannel = NotificationChannel::Push;
}

pub struct BySms;

impl OfChannel for BySms {
    const NAME: &'static str = "sms";
    const CHANNEL: NotificationChannel = NotificationChannel::Sms;
}

pub struct ByEmail;

impl OfChannel for ByEmail {
    const NAME: &'static str = "email";
    const CHANNEL: NotificationChannel = NotificationChannel::Email;
}

/// The request for a notification by this channel.
fn requested<C: OfChannel>(event: &MessageEvent) -> Option<&NotificationRequested> {
    match event {
        MessageEvent::NotificationRequested(requested) if requested.channel == C::CHANNEL => Some(requested),
        MessageEvent::NotificationRequested(_)
        | MessageEvent::Sent(_)
        | MessageEvent::SystemSent(_)
        | MessageEvent::Notified(_)
        | MessageEvent::Delivered(_)
        | MessageEvent::Read(_)
        | MessageEvent::Replied(_) => None,
    }
}

impl<C: OfChannel> Gateway for Notifications<C> {
    const NAME: &'static str = C::NAME;
    type Event = MessageEvent;
    type Reads = Contact;

    fn delivers(fact: &Recorded<MessageEvent>) -> bool {
        requested::<C>(&fact.data).is_some()
    }

    fn streams(fact: &Recorded<MessageEvent>) -> Stream<Contact> {
        // An event of another kind is not delivered, so its stream is not read.
        match requested::<C>(&fact.data) {
            Some(requested) => Stream::of(requested.subject),
            None => Stream::of(fact.stream_id()),
        }
    }

    fn contents(fact: &Recorded<MessageEvent>, contact: &Contact, _: Timestamp) -> Option<Value> {
        let requested = requested::<C>(&fact.data).filter(|_| contact.preferences.allow(C::CHANNEL))?;
        let notification = Notification::of(requested.kind, C::CHANNEL, requested.subject, &contact.details());
        notification.map(|notification| sent(&notification))
    }

    fn delivered(fact: &Recorded<MessageEvent>) -> Option<Reaction> {
        let NotificationRequested { message, subject, channel, .. } = requested::<C>(&fact.data)?.clone();
        Some(Reaction::to(&RecordNotified { message, subject, channel }))
    }
}

fn sent(notification: &Notification) -> Value {
    match notification {
        Notification::Push { person, text } => json!({"person": person, "text": text}),
        Notification::Sms { to, text } => json!({"to": to, "text": text}),
        Notification::Email { to, subject, text } => json!({"to": to, "subject": subject, "text": text}),
    }
}

#[cfg(test)]
mod specs {
    use event_core::{State, testing::recorded};
    use vocabulary::{
        contacts::{ContactChanged, ContactDetails, Preferences, PreferencesSet},
        messages::MessageKind,
    };

    use super::*;
    use crate::spec::*;

    fn requested(channel: NotificationChannel) -> Recorded<MessageEvent> {
        let requested = NotificationRequested {
            message: "A12345.000000000001".parse().expect("an id"),
            subject: alice(),
            sent_at: at(NINE),
            kind: MessageKind::FromPractice,
            channel,
            requested_at: at(NINE),
        };
        recorded(1, "message.notification-requested.v1", requested.into())
    }

    fn contact(sms: bool) -> Contact {
        let mut contact = Contact::default();
        let details = ContactDetails { phone: "+447700900123".parse().ok(), email: None };
        contact.evolve(&ContactChanged { subject: alice(), details: details.into(), changed_at: at(NINE) }.into());
        let preferences = Preferences { sms, ..Preferences::default() };
        contact.evolve(&PreferencesSet { subject: alice(), preferences, set_at: at(NINE) }.into());
        contact
    }

    #[test]
    fn a_notification_is_delivered_by_the_gateway_of_its_channel_only() {
        let by_sms = requested(NotificationChannel::Sms);
        assert!(Notifications::<BySms>::delivers(&by_sms));
        assert!(!Notifications::<ByPush>::delivers(&by_sms) && !Notifications::<ByEmail>::delivers(&by_sms));
    }

    #[test]
    fn a_text_message_goes_to_the_number_of_this_moment_and_says_nothing_of_the_message() {
        let sent = Notifications::<BySms>::contents(&requested(NotificationChannel::Sms), &contact(true), at(NINE));
        let text = "You have a new message. Sign in to read it.";
        assert_eq!(sent, Some(json!({"to": "+447700900123", "text": text})));
        let recorded = Notifications::<BySms>::delivered(&requested(NotificationChannel::Sms)).expect("a command");
        assert_eq!((recorded.command, &recorded.body["channel"]), ("record-notified", &json!("sms")));
    }

    #[test]
    fn without_consent_or_contact_details_nothing_is_sent() {
        let by_sms = requested(NotificationChannel::Sms);
        assert_eq!(Notifications::<BySms>::contents(&by_sms, &contact(false), at(NINE)), None);
        assert_eq!(Notifications::<BySms>::contents(&by_sms, &Contact::default(), at(NINE)), None);
    }
}
