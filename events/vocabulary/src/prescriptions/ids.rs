//! The ids of plans and requests. They are chosen by the app or the practice, and are never personal data.

use std::{fmt, str::FromStr, sync::Arc};

use event_core::{Malformed, text_id};
use serde::{Deserialize, Serialize};

/// An id of 12 characters of Crockford base32, unique among those of one patient.
macro_rules! own_id {
    ($(#[$doc:meta])* $name:ident, $title:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        text_id!($name, $title, "^[0-9A-HJKMNP-TV-Z]{12}$");

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(text: &str) -> Result<Self, Malformed> {
                let crockford = |b: u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILOU".contains(&b));
                if text.len() == 12 && text.bytes().all(crockford) {
                    Ok($name(text.into()))
                } else {
                    Err(Malformed("it is 12 characters of Crockford base32, upper case".into()))
                }
            }
        }
    };
}

own_id!(
    /// Identifies a repeat plan among those of one patient: 12 characters of Crockford base32.
    PlanId,
    "PlanId"
);
own_id!(
    /// Identifies a request among those of one patient: 12 characters of Crockford base32.
    RepeatRequestId,
    "RepeatRequestId"
);
