//! The identifiers of the health services. They are never personal data.

use std::{fmt, str::FromStr, sync::Arc};

use event_core::{Malformed, OrganisationCode, text_id};
use serde::{Deserialize, Serialize};

/// A clinic session: `<code of its site>.<12 characters of Crockford base32>`, chosen by the publisher.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId {
    text: Arc<str>,
    site: OrganisationCode,
}

text_id!(SessionId, "SessionId", "^[A-Z0-9]{1,10}[.][0-9A-HJKMNP-TV-Z]{12}$");

impl SessionId {
    /// The organisation at which the session takes place.
    pub fn site(&self) -> OrganisationCode {
        self.site.clone()
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed =
            || Malformed("a session is <code of its site>.<12 characters of Crockford base32, upper case>".into());
        let crockford = |b: u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILOU".contains(&b));
        let (site, own) = text.split_once('.').ok_or_else(malformed)?;
        if own.len() != 12 || !own.bytes().all(crockford) {
            return Err(malformed());
        }
        let site = site.parse().map_err(|_| malformed())?;
        Ok(SessionId { text: text.into(), site })
    }
}

/// A practitioner, by the code of a professional register: 1 to 20 characters of A-Z and 0-9.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PractitionerId(Box<str>);

text_id!(PractitionerId, "PractitionerId", "^[A-Z0-9]{1,20}$");

impl fmt::Display for PractitionerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PractitionerId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        if (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
            Ok(PractitionerId(text.into()))
        } else {
            Err(Malformed("a practitioner is 1 to 20 characters of A-Z and 0-9".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_names_its_site() {
        let session: SessionId = "A12345.9KTW3M0ZQ1BC".parse().expect("valid");
        assert_eq!(session.site().as_str(), "A12345");
        for wrong in ["A12345.9KTW3M0ZQ1B", "A12345.9KTW3M0ZQ1BI", "a12345.9KTW3M0ZQ1BC", "A12345"] {
            assert!(wrong.parse::<SessionId>().is_err(), "{wrong}");
        }
    }
}
