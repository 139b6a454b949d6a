//! The contents of notifications, for the gateways that send them. A text is a function of the message's kind only, so
//! nothing that a practice wrote and nothing clinical can be in it.

use std::fmt;

use event_core::SubjectId;
use vocabulary::{
    contacts::{ContactDetails, EmailAddress, NotificationChannel, PhoneNumber},
    messages::MessageKind,
};

/// A notification as a gateway sends it. It is made when it is sent, and never stored: it contains a contact detail.
#[derive(Clone, PartialEq, Eq)]
pub enum Notification {
    /// The push service knows the person's devices by the subject id.
    Push {
        person: SubjectId,
        text: &'static str,
    },
    Sms {
        to: PhoneNumber,
        text: &'static str,
    },
    Email {
        to: EmailAddress,
        subject: &'static str,
        text: &'static str,
    },
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The subject line of every e-mail.
const EMAIL_SUBJECT: &str = "You have a new message";

impl Notification {
    /// The notification of a message of this kind; `None` if the contact detail of the channel is not known any more.
    pub fn of(
        kind: MessageKind,
        channel: NotificationChannel,
        person: SubjectId,
        details: &ContactDetails,
    ) -> Option<Notification> {
        let text = text(kind);
        match channel {
            NotificationChannel::Push => Some(Notification::Push { person, text }),
            NotificationChannel::Sms => details.phone.clone().map(|to| Notification::Sms { to, text }),
            NotificationChannel::Email => {
                details.email.clone().map(|to| Notification::Email { to, subject: EMAIL_SUBJECT, text })
            }
        }
    }
}

/// The text of a notification. A person looking at the phone's screen learns no more than that there is something to read.
pub const fn text(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::FromPractice => "You have a new message. Sign in to read it.",
        MessageKind::AppointmentBooked | MessageKind::AppointmentMoved => {
            "Your booking is confirmed. Sign in to see it."
        }
        MessageKind::AppointmentCancelled => "A booking of yours was cancelled. Sign in to see it.",
        MessageKind::AppointmentOrphaned => "A booking of yours needs your attention. Sign in to see it.",
        MessageKind::AppointmentReminder => "You have a booking in three days. Sign in to see it.",
        MessageKind::WaitingListOffer => "A time that you are waiting for is free. Sign in soon to take it.",
        MessageKind::PrescriptionApproved | MessageKind::PrescriptionRejected | MessageKind::PrescriptionReady => {
            "There is news about a request of yours. Sign in to read it."
        }
        MessageKind::SymptomCheckFlagged | MessageKind::VaccineRecalled => {
            "You have an important message. Sign in soon to read it."
        }
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::spec::alice;

    /// Words that say something about a person's health or care.
    const CLINICAL: &[&str] = &[
        "appointment",
        "clinic",
        "doctor",
        "dose",
        "gp",
        "health",
        "hospital",
        "illness",
        "medical",
        "medicine",
        "nhs",
        "nurse",
        "patient",
        "pharmacy",
        "practice",
        "prescription",
        "result",
        "surgery",
        "test",
        "treatment",
        "vaccin",
    ];

    fn details() -> ContactDetails {
        ContactDetails { phone: "+447700900123".parse().ok(), email: "alice@example.com".parse().ok() }
    }

    #[test]
    fn a_notification_says_nothing_clinical() {
        for kind in MessageKind::ALL {
            let words = format!("{} {EMAIL_SUBJECT}", text(kind)).to_lowercase();
            let said: Vec<_> = CLINICAL.iter().filter(|word| words.contains(**word)).collect();
            assert!(said.is_empty(), "{kind:?}: {said:?}");
        }
    }

    #[test]
    fn a_notification_fits_into_one_sms() {
        for kind in MessageKind::ALL {
            assert!(text(kind).is_ascii() && text(kind).len() <= 160, "{kind:?}");
        }
    }

    #[test]
    fn a_notification_goes_to_the_contact_detail_of_its_channel() {
        let of =
            |channel, details: &ContactDetails| Notification::of(MessageKind::FromPractice, channel, alice(), details);
        let text = text(MessageKind::FromPractice);
        let known = details();
        assert_eq!(of(NotificationChannel::Push, &known), Some(Notification::Push { person: alice(), text }));
        let sms = known.phone.clone().map(|to| Notification::Sms { to, text });
        assert_eq!(of(NotificationChannel::Sms, &known), sms);
        let email = known.email.clone().map(|to| Notification::Email { to, subject: EMAIL_SUBJECT, text });
        assert_eq!(of(NotificationChannel::Email, &known), email);
        let unknown = ContactDetails::default();
        assert_eq!(of(NotificationChannel::Sms, &unknown), None);
        assert_eq!(of(NotificationChannel::Email, &unknown), None);
        assert_eq!(format!("{sms:?}"), "Some(***)");
    }
}
