//! The contact details and the consents of one person.

use event_core::{Personal, Rejected, State, Timestamp};
use vocabulary::{
    contacts::{ContactDetails, ContactEvent, NotificationChannel, Preferences},
    time::LONDON,
};

use super::rejections::TOO_MANY_CONTACT_CHANGES;
use crate::daily::Daily;

/// The number of changes of one person on one day (in London): without a limit one person could fill the stream. What
/// only takes something back has no limit, and needs a change before it.
pub const CHANGES_A_DAY_MAX: u32 = 10;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contact {
    details: Option<Personal<ContactDetails>>,
    pub preferences: Preferences,
    changes: Daily,
}

impl State for Contact {
    type Event = ContactEvent;

    fn evolve(&mut self, event: &ContactEvent) {
        match event {
            ContactEvent::Changed(changed) => {
                self.details = Some(changed.details.clone());
                self.changes.count(LONDON.day(changed.changed_at));
            }
            ContactEvent::PreferencesSet(set) => {
                self.preferences = set.preferences;
                self.changes.count(LONDON.day(set.set_at));
            }
        }
    }
}

impl Contact {
    /// The details that are known: none of a person whose data was erased.
    pub fn details(&self) -> ContactDetails {
        self.details.as_ref().and_then(Personal::get).cloned().unwrap_or_default()
    }

    /// True if the person agreed to this channel, and can be reached by it. Push needs no contact detail: the app has it.
    pub fn is_reached_by(&self, channel: NotificationChannel) -> bool {
        let details = self.details();
        self.preferences.allow(channel)
            && match channel {
                NotificationChannel::Push => true,
                NotificationChannel::Sms => details.phone.is_some(),
                NotificationChannel::Email => details.email.is_some(),
            }
    }

    /// The channels of a new message's notification. An SMS is the fallback, so it is among them only if there is no
    /// other way.
    pub fn channels(&self) -> Vec<NotificationChannel> {
        let mut channels = vec![NotificationChannel::Push, NotificationChannel::Email];
        channels.retain(|channel| self.is_reached_by(*channel));
        if channels.is_empty() && self.is_reached_by(NotificationChannel::Sms) {
            channels.push(NotificationChannel::Sms);
        }
        channels
    }

    /// Checks the daily limit of changes.
    ///
    /// # Errors
    /// `too-many-contact-changes`.
    pub fn may_change(&self, now: Timestamp) -> Result<(), Rejected> {
        if self.changes.on(LONDON.day(now)) < CHANGES_A_DAY_MAX {
            Ok(())
        } else {
            Err(TOO_MANY_CONTACT_CHANGES.with("limit", CHANGES_A_DAY_MAX))
        }
    }
}

#[cfg(test)]
mod specs {
    use NotificationChannel::{Email, Push, Sms};

    use super::*;

    fn contact(details: ContactDetails, preferences: Preferences) -> Contact {
        Contact { details: Some(details.into()), preferences, changes: Daily::default() }
    }

    #[test]
    fn a_channel_needs_its_consent_and_its_contact_detail() {
        let details = ContactDetails { phone: "+447700900123".parse().ok(), email: "a@example.com".parse().ok() };
        let none = Preferences::default();
        let all = Preferences { push: true, sms: true, email: true, ..none };
        assert_eq!(Contact::default().channels(), []);
        assert_eq!(contact(details.clone(), none).channels(), []);
        assert_eq!(contact(details.clone(), all).channels(), [Push, Email]);
        assert_eq!(contact(ContactDetails::default(), all).channels(), [Push]);
        assert!(contact(details, all).is_reached_by(Sms));
        assert!(!contact(ContactDetails::default(), all).is_reached_by(Sms));
    }

    #[test]
    fn an_sms_is_the_first_notification_of_people_without_another_channel_only() {
        let details = ContactDetails { phone: "+447700900123".parse().ok(), email: None };
        let sms = Preferences { sms: true, email: true, ..Preferences::default() };
        assert_eq!(contact(details.clone(), sms).channels(), [Sms]);
        assert_eq!(contact(details, Preferences { push: true, ..sms }).channels(), [Push]);
    }
}
