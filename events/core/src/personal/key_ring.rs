//! The port to the keys of persons. The platform needs three things of it: fetch keys, seal a field, open a field. How keys
//! are made, kept and destroyed is the concern of an implementation.

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::ids::SubjectId;

/// Which of a person's two keys seals a value: `Account` can be destroyed while the record is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Account,
    Record,
}

/// The reason why a field does not open. No text of the field is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotOpen {
    /// The key was destroyed, and there will be no other. Only a proof of the erasure gives this answer; a key that is not
    /// found is `Unreachable`.
    #[error("the person's data was erased")]
    Erased,
    /// The key is not at hand: it was not fetched, or could not be. Fetch it and open again.
    #[error("the key of the personal data is not at hand")]
    Unreachable,
    /// Not the form that this ring writes, changed since it was written, or sealed for another subject.
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
    /// Fetches the keys of these subjects, as many as are not at hand, in one read. The ring of a command engine makes keys
    /// for a subject without any, and they are durable before this ends. An erased subject is a success: opening says so.
    /// Callers limit the time, and one call is for 1,000 subjects at most.
    ///
    /// # Errors
    /// When a key did not come. Those of other subjects may have come; `open` and `seal` tell.
    async fn prefetch(&self, subjects: &[SubjectId]) -> Result<(), KeysUnreachable>;

    /// Seals one field of the event with this id, whose envelope names this subject. Both are authenticated with the text,
    /// and the text holds what else `open` needs, the event's id included.
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
