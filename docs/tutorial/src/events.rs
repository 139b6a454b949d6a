//! What can happen to the copies of a library.

use event_core::{Service, SubjectId, events};
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
    pub copy: String,
    pub reader: SubjectId,
}

/// A copy came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopyReturned {
    pub copy: String,
}
