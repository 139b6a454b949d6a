//! The port to the keys of persons: fetch keys, seal a field, open a field. Creating, storing and destroying keys is
//! the concern of an implementation.

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::ids::SubjectId;

/// The one of a person's two keys that seals a value. `Account` can be destroyed while the record is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Account,
    Record,
}

/// The reason why a field does not open. It contains no text of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotOpen {
    /// The key was destroyed, and there will be no other. Only a proof of the erasure gives this answer; a key that is not
    /// found is `Unreachable`.
    #[error("the person's data was erased")]
    Erased,
    /// The key is not at hand: it was not fetched, or could not be. Fetch it and open again.
    #[error("the key of the personal data is not at hand")]
    Unreachable,
    /// The text is not of the form that this ring writes, was changed since, or was sealed for another subject.
    #[error("the personal data is damaged, or belongs to another subject")]
    Damaged,
}

/// The reason why a field is not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotSeal {
    /// The key was destroyed, and there will be no other.
    #[error("the person's data was erased")]
    Erased,
    /// The key is not at hand: it was not fetched, or could not be. Fetch it and seal again.
    #[error("the key of the personal data is not at hand")]
    Unreachable,
}

/// The keys could not be fetched now. A later call may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keys of persons cannot be fetched")]
pub struct KeysUnreachable;

/// Keys of persons, by subject. `seal` and `open` never wait: they use keys that are at hand, and `prefetch` is the one call
/// that waits. Every implementation passes `testing::key_ring_contract`.
#[async_trait]
pub trait SubjectKeyRing: Send + Sync {
    /// Fetches the keys of these subjects, except those at hand, in one read. The ring of a command engine creates keys
    /// for a subject without any, and they are durable before the call ends. An erased subject is not an error here;
    /// opening its fields is. Callers limit the time, and one call is for at most 1,000 subjects.
    ///
    /// # Errors
    /// When a key could not be fetched. Those of other subjects may be at hand; `open` and `seal` show which.
    async fn prefetch(&self, subjects: &[SubjectId]) -> Result<(), KeysUnreachable>;

    /// Seals one field of the event that has this id, and this subject in its envelope. Both are authenticated with the
    /// text, which holds everything else that `open` needs, including the event's id.
    ///
    /// # Errors
    /// When the subject has no key at hand.
    fn seal(&self, subject: SubjectId, event: Uuid, kind: KeyKind, plain: &[u8]) -> Result<String, CannotSeal>;

    /// The plain bytes of a text that `seal` made for this subject.
    ///
    /// # Errors
    /// As `CannotOpen` says.
    fn open(&self, subject: SubjectId, kind: KeyKind, closed: &str) -> Result<Vec<u8>, CannotOpen>;
}

/// The ring of a build without a vault: `p0.` and the base64url of the value's JSON. It hides nothing, and needs no keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsealed;

const UNSEALED: &str = "p0.";

#[async_trait]
impl SubjectKeyRing for Unsealed {
    async fn prefetch(&self, _: &[SubjectId]) -> Result<(), KeysUnreachable> {
        Ok(())
    }

    fn seal(&self, _: SubjectId, _: Uuid, _: KeyKind, plain: &[u8]) -> Result<String, CannotSeal> {
        Ok(format!("{UNSEALED}{}", URL_SAFE_NO_PAD.encode(plain)))
    }

    fn open(&self, _: SubjectId, _: KeyKind, closed: &str) -> Result<Vec<u8>, CannotOpen> {
        let text = closed.strip_prefix(UNSEALED).ok_or(CannotOpen::Damaged)?;
        URL_SAFE_NO_PAD.decode(text).map_err(|_| CannotOpen::Damaged)
    }
}
