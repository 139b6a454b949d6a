//! Vaccination passes (stream `passes-<subject>`). What a pass says is sealed; the entry of a revocation list is in clear, because the
//! list is published without the keys of persons.

use std::{fmt, str::FromStr, sync::Arc};

use event_core::{Malformed, Personal, SubjectId, Timestamp, events, text_id};
use passes::{CountryCode, PassContents, RevocationHash, Uvci};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DoseId, SERVICE};

events! {
    /// The vaccination passes of one person.
    PassEvent of SERVICE as "pass" on "passes" by (subject) {
        Issued(PassIssued) = "pass.issued.v1",
        Revoked(PassRevoked) = "pass.revoked.v1",
    }
}

/// A pass of a person: 12 characters of Crockford base32, chosen by the app that asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PassId(Arc<str>);

text_id!(PassId, "PassId", "^[0-9A-HJKMNP-TV-Z]{12}$");

impl PassId {
    /// The identifier under which verifiers know this pass. It depends on the person, too: a pass with the identifier of another
    /// person's, which could then be revoked, cannot be made.
    ///
    /// # Errors
    /// Never.
    pub fn uvci(&self, country: CountryCode, subject: SubjectId) -> Result<Uvci, Malformed> {
        Uvci::of_name(country, &format!("{subject}|{self}"))
    }
}

impl fmt::Display for PassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PassId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse::<DoseId>()
            .map(|_| PassId(text.into()))
            .map_err(|_| Malformed("a pass is 12 characters of Crockford base32".into()))
    }
}

/// A pass for a dose was issued: what is signed whenever the pass is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PassIssued {
    pub subject: SubjectId,
    pub pass: PassId,
    pub dose: DoseId,
    pub contents: Personal<PassContents>,
    /// The entry of the revocation list, should the pass be revoked.
    pub revocation: RevocationHash,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A pass is not valid any more although it has not expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PassRevoked {
    pub subject: SubjectId,
    pub pass: PassId,
    pub revocation: RevocationHash,
    /// When the pass would have expired: until then it is on the revocation list.
    pub expires_at: Timestamp,
    pub cause: RevocationCause,
    pub revoked_at: Timestamp,
}

/// The cause of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationCause {
    /// The holder, or staff for them, asked for it.
    Asked,
    /// The record of the dose was corrected.
    DoseCorrected,
    /// The record of the dose is void.
    DoseVoid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identifier_of_a_pass_is_that_of_one_person_and_does_not_change() {
        let uvci = |pass: &str, subject: &str| {
            let (pass, subject): (PassId, SubjectId) =
                (pass.parse().expect("a pass"), subject.parse().expect("a person"));
            pass.uvci("GB".parse().expect("a country"), subject).expect("an identifier").to_string()
        };
        let alice = "a11ce000-0000-4000-8000-000000000001";
        let first = uvci("0000000000P1", alice);
        assert_eq!(first, "URN:UVCI:01:GB:CIRHOOUCNW3ENMZ4H1ZD2ERZ#U");
        assert_ne!(first, uvci("0000000000P2", alice));
        assert_ne!(first, uvci("0000000000P1", "b0b00000-0000-4000-8000-000000000001"));
    }
}
