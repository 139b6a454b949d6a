//! Messages to patients: those that a practice writes, and those that follow from events. Each message has a stream
//! (`message-<sender>.<request>`), so that no number of messages fills one, and so that a repeated request is the same
//! message. The messages that organisations write to one person are counted in a stream for each day
//! (`messaging-<subject>.<day>`).

use std::fmt;

use event_core::{
    Class, LocalDate, OrganisationCode, Personal, Rejection, Service, SubjectId, Timestamp, events,
    personal::{KeyKind, PersonalData},
    personal_text, text_id,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::message_id::{MessageId, MessageRequestId};
use crate::{
    SessionId,
    contacts::NotificationChannel,
    prescriptions::RepeatRequestId,
    symptom_checks::SymptomCheckId,
    vaccinations::{DoseId, VaccineLot},
};

pub static SERVICE: Service = Service { name: "messages", categories: &[MessageEvent::ABOUT, MessagingEvent::ABOUT] };

/// The sender of messages that are of no practice and no pharmacy: the service itself.
pub const NATIONAL_SERVICE: OrganisationCode = OrganisationCode::of_static("FRONTDOOR");

/// For commands and queries.
pub const MESSAGE_NOT_FOUND: Rejection = Rejection {
    code: "message-not-found",
    class: Class::NotFound,
    title: "There is no such message.",
    advice: "Look at the person's messages. A message that was sent a moment ago may not be in the list yet.",
};

events! {
    /// The events of one message.
    MessageEvent of SERVICE as "message" on "message" by (message) {
        Sent(MessageSent) = "message.sent.v1",
        SystemSent(SystemMessageSent) = "message.system-sent.v1",
        NotificationRequested(NotificationRequested) = "message.notification-requested.v1",
        Notified(MessageNotified) = "message.notified.v1",
        Delivered(MessageDelivered) = "message.delivered.v1",
        Read(MessageRead) = "message.read.v1",
        Replied(MessageReplied) = "message.replied.v1",
    }
}

events! {
    /// The messages that organisations write to one person on one day.
    MessagingEvent of SERVICE as "messaging" on "messaging" by (subject, on) {
        Counted(MessageCounted) = "messaging.message-counted.v1",
    }
}

personal_text!(
    /// The subject line of a message.
    MessageTitle, "MessageTitle", 100, false, Record
);
personal_text!(
    /// The text of a message.
    MessageBody, "MessageBody", 5000, true, Record
);
personal_text!(
    /// A reply in the patient's own words.
    ReplyText, "ReplyText", 1000, true, Record
);

/// A word with which a patient can reply: 1 to 20 characters of `A-Z0-9`, like `YES`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReplyKeyword(Box<str>);

text_id!(ReplyKeyword, "ReplyKeyword", "^[A-Z0-9]{1,20}$");

impl fmt::Display for ReplyKeyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ReplyKeyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl std::str::FromStr for ReplyKeyword {
    type Err = event_core::Malformed;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        if (1..=20).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(ReplyKeyword(text.into()))
        } else {
            Err(event_core::Malformed("a keyword is 1 to 20 characters of A-Z and 0-9, like YES".into()))
        }
    }
}

/// The text of a message, and the replies that it offers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageContent {
    pub body: MessageBody,
    pub replies: ReplyOffer,
}

/// The replies that a message offers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ReplyOffer {
    /// It cannot be replied to.
    None,
    /// One of these words: 1 to 6, none twice.
    Keywords { keywords: Vec<ReplyKeyword> },
    /// One text in the patient's own words.
    FreeText,
}

/// A reply of a patient.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MessageReply {
    Keyword { keyword: ReplyKeyword },
    FreeText { text: ReplyText },
}

macro_rules! masked {
    ($($name:ident),+) => {
        $(
            impl PersonalData for $name {
                const KEY: KeyKind = KeyKind::Record;
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("***")
                }
            }
        )+
    };
}
masked!(MessageContent, ReplyOffer, MessageReply);

/// The kind of a message. It is all that a notification shows, so a kind says nothing clinical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MessageKind {
    /// The practice wrote it.
    FromPractice,
    AppointmentBooked,
    AppointmentMoved,
    AppointmentCancelled,
    AppointmentOrphaned,
    AppointmentReminder,
    WaitingListOffer,
    PrescriptionApproved,
    PrescriptionRejected,
    PrescriptionReady,
    SymptomCheckFlagged,
    VaccineRecalled,
}

impl MessageKind {
    pub const ALL: [MessageKind; 12] = [
        MessageKind::FromPractice,
        MessageKind::AppointmentBooked,
        MessageKind::AppointmentMoved,
        MessageKind::AppointmentCancelled,
        MessageKind::AppointmentOrphaned,
        MessageKind::AppointmentReminder,
        MessageKind::WaitingListOffer,
        MessageKind::PrescriptionApproved,
        MessageKind::PrescriptionRejected,
        MessageKind::PrescriptionReady,
        MessageKind::SymptomCheckFlagged,
        MessageKind::VaccineRecalled,
    ];
}

/// The facts of a message that follows from an event: ids and instants only. Its sentence is made when it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum SystemFacts {
    AppointmentBooked {
        session: SessionId,
        starts_at: Timestamp,
    },
    AppointmentMoved {
        session: SessionId,
        starts_at: Timestamp,
        to_session: SessionId,
        to_starts_at: Timestamp,
    },
    AppointmentCancelled {
        session: SessionId,
        starts_at: Timestamp,
    },
    /// The practice changed the clinic session, and the booking has no place in it any more.
    AppointmentOrphaned {
        session: SessionId,
        starts_at: Timestamp,
    },
    AppointmentReminder {
        session: SessionId,
        starts_at: Timestamp,
    },
    /// A free slot is offered to a person on the waiting list until `until`.
    WaitingListOffer {
        session: SessionId,
        starts_at: Timestamp,
        until: Timestamp,
    },
    PrescriptionApproved {
        practice: OrganisationCode,
        request: RepeatRequestId,
        pharmacy: OrganisationCode,
    },
    PrescriptionRejected {
        practice: OrganisationCode,
        request: RepeatRequestId,
    },
    /// Medicines of the prescription are ready to be collected from `at` on.
    PrescriptionReady {
        pharmacy: OrganisationCode,
        request: RepeatRequestId,
        at: Timestamp,
    },
    /// The questions of a symptom check were recalled, so its advice may be wrong.
    SymptomCheckFlagged {
        check: SymptomCheckId,
        started_at: Timestamp,
    },
    /// The lot of a dose was recalled.
    VaccineRecalled {
        dose: DoseId,
        lot: VaccineLot,
    },
}

impl SystemFacts {
    pub fn kind(&self) -> MessageKind {
        match self {
            SystemFacts::AppointmentBooked { .. } => MessageKind::AppointmentBooked,
            SystemFacts::AppointmentMoved { .. } => MessageKind::AppointmentMoved,
            SystemFacts::AppointmentCancelled { .. } => MessageKind::AppointmentCancelled,
            SystemFacts::AppointmentOrphaned { .. } => MessageKind::AppointmentOrphaned,
            SystemFacts::AppointmentReminder { .. } => MessageKind::AppointmentReminder,
            SystemFacts::WaitingListOffer { .. } => MessageKind::WaitingListOffer,
            SystemFacts::PrescriptionApproved { .. } => MessageKind::PrescriptionApproved,
            SystemFacts::PrescriptionRejected { .. } => MessageKind::PrescriptionRejected,
            SystemFacts::PrescriptionReady { .. } => MessageKind::PrescriptionReady,
            SystemFacts::SymptomCheckFlagged { .. } => MessageKind::SymptomCheckFlagged,
            SystemFacts::VaccineRecalled { .. } => MessageKind::VaccineRecalled,
        }
    }
}

/// A practice sent a message to a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageSent {
    pub message: MessageId,
    pub subject: SubjectId,
    pub title: Personal<MessageTitle>,
    pub content: Personal<MessageContent>,
    pub sent_at: Timestamp,
}

/// A message that follows from an event was sent to a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemMessageSent {
    pub message: MessageId,
    pub subject: SubjectId,
    pub facts: SystemFacts,
    pub sent_at: Timestamp,
}

/// The patient is to be notified of a message by a channel. The gateway of the channel follows this event.
///
/// `kind` alone determines the text of the notification. `sent_at`, here and in the events below, is that of the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationRequested {
    pub message: MessageId,
    pub subject: SubjectId,
    pub sent_at: Timestamp,
    pub kind: MessageKind,
    pub channel: NotificationChannel,
    pub requested_at: Timestamp,
}

/// A notification was handed over to the service that carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageNotified {
    pub message: MessageId,
    pub subject: SubjectId,
    pub sent_at: Timestamp,
    pub channel: NotificationChannel,
    pub notified_at: Timestamp,
}

/// A notification reached the patient's device or mailbox, as the service that carries it reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageDelivered {
    pub message: MessageId,
    pub subject: SubjectId,
    pub sent_at: Timestamp,
    pub channel: NotificationChannel,
    pub delivered_at: Timestamp,
}

/// A patient read a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageRead {
    pub message: MessageId,
    pub subject: SubjectId,
    pub sent_at: Timestamp,
    pub read_at: Timestamp,
}

/// A patient replied to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageReplied {
    pub message: MessageId,
    pub subject: SubjectId,
    pub sent_at: Timestamp,
    pub reply: Personal<MessageReply>,
    pub replied_at: Timestamp,
}

/// A message that an organisation wrote to a person. This counts towards the person's daily limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageCounted {
    pub subject: SubjectId,
    /// The day on which it was sent, in London.
    pub on: LocalDate,
    pub message: MessageId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_5000_characters_and_a_reply_1000() {
        assert_eq!((MessageTitle::CHARACTERS_MAX, MessageBody::CHARACTERS_MAX), (100, 5_000));
        assert!("é".repeat(5_000).parse::<MessageBody>().is_ok() && "é".repeat(5_001).parse::<MessageBody>().is_err());
        assert_eq!(ReplyText::CHARACTERS_MAX, 1_000);
    }

    #[test]
    fn contents_and_replies_are_never_in_a_log() {
        let keyword: ReplyKeyword = "YES".parse().expect("a keyword");
        let replies = ReplyOffer::Keywords { keywords: vec![keyword.clone()] };
        let content = MessageContent { body: "a sore knee".parse().expect("a text"), replies };
        let reply = MessageReply::Keyword { keyword };
        assert_eq!(format!("{content:?} {:?} {reply:?}", content.replies), "*** *** ***");
    }

    #[test]
    fn each_kind_is_listed_once() {
        let listed: std::collections::BTreeSet<MessageKind> = MessageKind::ALL.into_iter().collect();
        assert_eq!(listed.len(), MessageKind::ALL.len());
    }
}
