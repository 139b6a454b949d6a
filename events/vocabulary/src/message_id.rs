//! The id of a message: its sender, and the request that the sender made. A repeated request therefore has the same id.

use std::{fmt, str::FromStr, sync::Arc};

use event_core::{Malformed, OrganisationCode, SubjectId, Timestamp, text_id};
use serde::{Deserialize, Serialize};

use crate::{SessionId, booking_number, name_hash, prescriptions::RepeatRequestId};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a request that a sender chooses, of one for a booking's reminder or for a prescription that is ready, and of
/// one that an event causes. The lengths differ, so that no sender's choice is the id of a message that follows from an event.
const CHOSEN: usize = 12;
const OF_FACT: usize = 13;
const OF_EVENT: usize = 26;

/// Identifies a message: `<code of its sender>.<its request>`. The request is that of the sender (12 characters of
/// Crockford base32) or, for a message that follows from an event, computed from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId {
    text: Arc<str>,
    sender: OrganisationCode,
}

text_id!(
    MessageId,
    "MessageId",
    "^[A-Z0-9]{1,10}[.][0-9A-HJKMNP-TV-Z]{12}([0-9A-HJKMNP-TV-Z]|[0-9A-HJKMNP-TV-Z]{14})?$"
);

/// Identifies a request of a sender: 12 characters of Crockford base32, chosen by the sender.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageRequestId(Arc<str>);

text_id!(MessageRequestId, "MessageRequestId", "^[0-9A-HJKMNP-TV-Z]{12}$");

fn is_crockford(text: &str) -> bool {
    text.bytes().all(|b| ALPHABET.contains(&b))
}

impl MessageId {
    /// The message of this request: one sender's requests are told apart by their ids.
    pub fn requested(sender: &OrganisationCode, request: &MessageRequestId) -> MessageId {
        MessageId { text: format!("{sender}.{request}").into(), sender: sender.clone() }
    }

    /// The message that follows from the event with this id. One event causes one message.
    pub fn of_event(sender: &OrganisationCode, event: u128) -> MessageId {
        let digit = |at: usize| char::from(ALPHABET[(event >> (5 * at)) as usize & 31]);
        let digits: String = (0..OF_EVENT).rev().map(digit).collect();
        MessageId { text: format!("{sender}.{digits}").into(), sender: sender.clone() }
    }

    /// The reminder of this booking. A booking that was cancelled and made again has the same one.
    pub fn reminder(session: &SessionId, starts_at: Timestamp, patient: SubjectId) -> MessageId {
        let number = booking_number::of(session, starts_at, patient).replace('-', "");
        let sender = session.site();
        MessageId { text: format!("{sender}.{number}R").into(), sender }
    }

    /// The message that medicines of this prescription are ready from `at` on. All medicines that are ready at the same
    /// instant have the same one.
    pub fn ready(
        pharmacy: &OrganisationCode,
        patient: SubjectId,
        request: &RepeatRequestId,
        at: Timestamp,
    ) -> MessageId {
        let hash = name_hash::of(&format!("{patient}|{request}|{at}"));
        let digit = |place: usize| char::from(ALPHABET[(hash >> (5 * place)) as usize & 31]);
        let digits: String = (0..CHOSEN).map(digit).collect();
        MessageId { text: format!("{pharmacy}.{digits}P").into(), sender: pharmacy.clone() }
    }

    pub fn sender(&self) -> &OrganisationCode {
        &self.sender
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl FromStr for MessageId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || {
            Malformed(
                "a message is <code of its sender>.<12, 13 or 26 characters of Crockford base32, upper case>".into(),
            )
        };
        let (sender, request) = text.split_once('.').ok_or_else(malformed)?;
        if ![CHOSEN, OF_FACT, OF_EVENT].contains(&request.len()) || !is_crockford(request) {
            return Err(malformed());
        }
        let sender = sender.parse().map_err(|_| malformed())?;
        Ok(MessageId { text: text.into(), sender })
    }
}

impl fmt::Display for MessageRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MessageRequestId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text.len() == CHOSEN && is_crockford(text) {
            Ok(MessageRequestId(text.into()))
        } else {
            Err(Malformed("a request is 12 characters of Crockford base32, upper case".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender() -> OrganisationCode {
        "A12345".parse().expect("a code")
    }

    #[test]
    fn a_message_names_its_sender_and_reads_as_it_is_written() {
        let session: SessionId = "A12345.0123456789AB".parse().expect("a session");
        let alice: SubjectId = "a11ce000-0000-4000-8000-000000000001".parse().expect("a subject");
        let request = "9KTW3M0ZQ1BC".parse().expect("a request");
        for message in [
            MessageId::requested(&sender(), &request),
            MessageId::of_event(&sender(), u128::MAX),
            MessageId::reminder(&session, Timestamp::EPOCH, alice),
            MessageId::ready(&sender(), alice, &"000000000001".parse().expect("a request"), Timestamp::EPOCH),
        ] {
            assert_eq!(message.to_string().parse(), Ok(message.clone()));
            assert_eq!(*message.sender(), sender());
        }
        for wrong in ["A12345", "A12345.9KTW3M0ZQ1B", "A12345.9KTW3M0ZQ1BCDE", "A12345.9KTW3M0ZQ1BI", "a1.9KTW3M0ZQ1BC"]
        {
            assert!(wrong.parse::<MessageId>().is_err(), "{wrong}");
        }
    }

    /// A message keeps its id for ever, so this computation must not change.
    #[test]
    fn the_message_of_an_event_is_the_same_at_each_reaction() {
        let text = |event| MessageId::of_event(&sender(), event).to_string();
        assert_eq!(text(0), "A12345.00000000000000000000000000");
        assert_eq!(text(u128::MAX), "A12345.7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert_eq!(text(33), "A12345.00000000000000000000000011");
    }
}
