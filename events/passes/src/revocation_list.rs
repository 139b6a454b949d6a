//! The revocation list: passes that are not valid any more although they have not expired.

use std::collections::BTreeSet;

use event_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{revocation_hash::RevocationHash, uvci::Uvci};

/// The most passes on a list. A pass is on it for at most the 30 days for which it is valid.
pub const REVOKED_MAX: usize = 200_000;
/// The longest document, in bytes: 27 for a pass, and white space.
pub const REVOCATION_LIST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The reason why a revocation list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableRevocations {
    #[error("the revocation list is longer than {REVOCATION_LIST_BYTES_MAX} bytes")]
    TooLong,
    #[error("this is not a revocation list: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("the revocation list has {0} passes; at most {REVOKED_MAX} are allowed")]
    TooMany(usize),
}

/// The revoked passes at an instant, as they are published (`revocation-list.schema.json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevocationList {
    /// When the list was made.
    issued_at: Timestamp,
    /// In ascending order of their bytes, so that the order does not tell when a pass was revoked.
    #[schemars(length(max = 200_000))]
    revoked: BTreeSet<RevocationHash>,
}

impl RevocationList {
    /// # Errors
    /// If there are more than `REVOKED_MAX`.
    pub fn new(
        issued_at: Timestamp,
        revoked: impl IntoIterator<Item = RevocationHash>,
    ) -> Result<RevocationList, UnreadableRevocations> {
        let revoked: BTreeSet<_> = revoked.into_iter().collect();
        RevocationList { issued_at: issued_at.whole_second(), revoked }.limited()
    }

    /// # Errors
    /// If the text is not a revocation list.
    pub fn parse(json: &str) -> Result<RevocationList, UnreadableRevocations> {
        if json.len() > REVOCATION_LIST_BYTES_MAX {
            return Err(UnreadableRevocations::TooLong);
        }
        serde_json::from_str::<RevocationList>(json)?.limited()
    }

    fn limited(self) -> Result<RevocationList, UnreadableRevocations> {
        if self.revoked.len() > REVOKED_MAX {
            Err(UnreadableRevocations::TooMany(self.revoked.len()))
        } else {
            Ok(self)
        }
    }

    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    pub fn has(&self, uvci: &Uvci) -> bool {
        self.revoked.contains(&uvci.revocation_hash())
    }

    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }
}
