//! The port of the table. It decides nothing about time: its callers compute the bounds.

use async_trait::async_trait;

use crate::error::SignInsError;

/// A sign-in, as it is stored. Times are in milliseconds since 1970.
pub struct SignIn {
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    pub caller_hash: Vec<u8>,
    /// JSON of the caller and the name.
    pub account: String,
    pub begun_at: i64,
    pub seen_at: i64,
}

/// A draft, as it is stored.
pub struct SealedDraft {
    pub token_hash: Vec<u8>,
    pub name: String,
    pub sealed: Vec<u8>,
    /// In milliseconds since 1970.
    pub kept_at: i64,
}

/// Every call is limited in time: 5 s for a connection, and 10 s for a statement. `Lost` is returned if the table is
/// missing or damaged.
#[async_trait]
pub trait SignInStore: Send + Sync {
    /// Stores a sign-in, and then ends the oldest of the same caller, so that `per_caller_max` remain, the new one among
    /// them.
    async fn insert(&self, sign_in: &SignIn, per_caller_max: u32) -> Result<(), SignInsError>;

    /// One read by primary key.
    async fn find(&self, token_hash: &[u8]) -> Result<Option<SignIn>, SignInsError>;

    /// Records a use at `now`, unless one after `unless_after` is recorded already.
    async fn seen(&self, token_hash: &[u8], now: i64, unless_after: i64) -> Result<(), SignInsError>;

    /// Keeps a draft of a sign-in in place of an earlier one of this name, and then deletes the oldest, so that `drafts_max`
    /// remain. Nothing is kept if the sign-in has ended.
    async fn keep(&self, draft: &SealedDraft, drafts_max: u32) -> Result<(), SignInsError>;

    /// The sealed draft of this name.
    async fn kept(&self, token_hash: &[u8], name: &str) -> Result<Option<Vec<u8>>, SignInsError>;

    /// Ends a sign-in, and deletes its drafts. When this returns, a power cut cannot bring it back.
    async fn end(&self, token_hash: &[u8]) -> Result<(), SignInsError>;

    /// Deletes sign-ins whose last recorded use was at `seen_until` or before, `rows_max` at most, and as many drafts that
    /// were kept at that time or before. Returns the number of sign-ins.
    async fn sweep(&self, seen_until: i64, rows_max: u32) -> Result<u64, SignInsError>;

    /// Makes the table again after `Lost`.
    async fn restore(&self) -> Result<(), SignInsError>;
}
