//! The events of a library's copies.

use std::{fmt, str::FromStr};

use event_core::{Malformed, Service, SubjectId, events, text_id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub static SERVICE: Service = Service { name: "loans", categories: &[LoanEvent::ABOUT] };

events! {
    /// Loans of one copy. Its stream is `copy-<copy>`.
    LoanEvent of SERVICE as "loan" on "copy" by (copy) {
        Lent(CopyLent) = "loan.copy-lent.v1",
        Returned(CopyReturned) = "loan.copy-returned.v1",
    }
}

/// A copy was lent to a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopyLent {
    pub copy: CopyId,
    pub reader: SubjectId,
}

/// A copy came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopyReturned {
    pub copy: CopyId,
}

/// The label on a copy, such as `moby-dick-1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CopyId(String);

text_id!(CopyId, "CopyId", "^[a-z0-9-]{1,50}$");

impl fmt::Display for CopyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CopyId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=50).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(CopyId(text.to_owned()))
        } else {
            Err(Malformed("a label is 1 to 50 characters of a-z, 0-9 and '-'".into()))
        }
    }
}
