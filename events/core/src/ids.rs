//! Identifiers. The error for a refused text says what is wrong with it. No identifier is ever personal.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::strictness::is_strict;

/// A text that is not an identifier of the kind that was asked for. The message says what is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub Cow<'static, str>);

/// Serde and JSON Schema for an identifier that is a text on the wire. The pattern accepts the same texts as the
/// parser; limits that a pattern cannot express are further members of the schema (`"maxLength": 100`).
#[macro_export]
macro_rules! text_id {
    ($name:ident, $title:literal, $pattern:expr $(, $member:literal: $value:expr)*) => {
        impl TryFrom<String> for $name {
            type Error = $crate::ids::Malformed;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $title.into()
            }
            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!({"type": "string", "pattern": $pattern $(, $member: $value)*})
            }
        }
    };
}

/// A person, as the platform addresses them: a random UUIDv4, never made from anything personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubjectId(Uuid);

text_id!(SubjectId, "SubjectId", "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$");

impl SubjectId {
    /// # Errors
    /// When the UUID is not of version 4 (a version 7 would tell when the person joined), or, from outside, of another
    /// variant than RFC 9562's.
    pub fn new(id: Uuid) -> Result<Self, Malformed> {
        let usual = !is_strict() || id.get_variant() == uuid::Variant::RFC4122;
        if id.get_version_num() == 4 && usual {
            Ok(SubjectId(id))
        } else {
            Err(Malformed("a subject is a random UUID (version 4)".into()))
        }
    }

    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SubjectId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        // One spelling only: the hyphenated lower-case one. Two spellings would be two streams.
        let id = Uuid::try_parse(text).ok().filter(|id| text.len() == 36 && id.to_string() == text);
        SubjectId::new(id.ok_or(Malformed("a subject is a lower-case hyphenated UUID (version 4)".into()))?)
    }
}

/// The code of an organisation: `^[A-Z0-9]{1,10}$`. Stored without an allocation, because many events hold one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrganisationCode {
    /// Zeros after the last character, so that the order is that of the texts.
    characters: [u8; Self::LENGTH_MAX],
    length: u8,
}

text_id!(OrganisationCode, "OrganisationCode", "^[A-Z0-9]{1,10}$");

impl OrganisationCode {
    pub const LENGTH_MAX: usize = 10;

    /// A code that is known when the program is built.
    ///
    /// # Panics
    /// When the text is no code. In a constant, the build fails.
    pub const fn of_static(text: &'static str) -> OrganisationCode {
        let bytes = text.as_bytes();
        assert!(!bytes.is_empty() && bytes.len() <= Self::LENGTH_MAX, "1 to 10 characters");
        let mut code = OrganisationCode { characters: [0; Self::LENGTH_MAX], length: 0 };
        while (code.length as usize) < bytes.len() {
            let at = code.length as usize;
            assert!(bytes[at].is_ascii_uppercase() || bytes[at].is_ascii_digit(), "A-Z and 0-9");
            code.characters[at] = bytes[at];
            code.length += 1;
        }
        code
    }

    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.characters[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Display for OrganisationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for OrganisationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrganisationCode({self})")
    }
}

impl FromStr for OrganisationCode {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed("the code of an organisation is 1 to 10 characters of A-Z and 0-9".into());
        let allowed = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let mut characters = [0; Self::LENGTH_MAX];
        let own = characters.get_mut(..text.len()).filter(|own| allowed && !own.is_empty()).ok_or_else(malformed)?;
        own.copy_from_slice(text.as_bytes());
        Ok(OrganisationCode { characters, length: u8::try_from(text.len()).map_err(|_| malformed())? })
    }
}

/// The issuer of tokens and of the ids in them, as in a token's `iss`: `^[!-~]{1,256}$`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer(Arc<str>);

text_id!(Issuer, "Issuer", "^[!-~]{1,256}$");

impl Issuer {
    /// Bytes, each a visible ASCII character.
    pub const LENGTH_MAX: usize = 256;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Issuer {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let fits = (1..=Self::LENGTH_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits {
            Ok(Issuer(text.into()))
        } else {
            Err(Malformed("an issuer is 1 to 256 visible ASCII characters".into()))
        }
    }
}

/// A stream's name, `<category>-<id>`: 1 to 100 characters of `A-Za-z0-9.-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamName(Arc<str>);

text_id!(StreamName, "StreamName", "^[a-z]+-[A-Za-z0-9.-]+$", "maxLength": Self::LENGTH_MAX);

impl StreamName {
    pub const LENGTH_MAX: usize = 100;

    /// The stream of one thing, named by its id.
    pub fn of(category: &str, id: impl fmt::Display) -> StreamName {
        StreamName(format!("{category}-{id}").into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first hyphen: `session` in `session-A12345.0123456789AB`.
    pub fn category(&self) -> &str {
        self.0.split_once('-').map_or(&self.0, |(category, _)| category)
    }

    /// The part after the first hyphen.
    pub fn id(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, id)| id)
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for StreamName {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
        let fits = text.len() <= Self::LENGTH_MAX
            && text.bytes().all(allowed)
            && text.split_once('-').is_some_and(|(category, id)| {
                !id.is_empty() && !category.is_empty() && category.bytes().all(|b| b.is_ascii_lowercase())
            });
        if fits {
            Ok(StreamName(text.into()))
        } else {
            Err(Malformed("a stream is <category>-<id>: at most 100 characters of A-Z, a-z, 0-9, '.' and '-'".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strictness::strictly;

    #[test]
    fn a_subject_has_one_spelling_and_version_4() {
        assert!("8f14e45f-ceea-467f-a9b5-0123456789ab".parse::<SubjectId>().is_ok());
        for wrong in [
            "8F14E45F-CEEA-467F-A9B5-0123456789AB",
            "8f14e45fceea467fa9b50123456789ab",
            "018f14e4-5fce-7ea4-a7fa-0123456789ab",
            "",
        ] {
            assert!(wrong.parse::<SubjectId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_subject_of_another_variant_is_refused_from_outside_and_read_from_what_is_stored() {
        let other = "8f14e45f-ceea-467f-29b5-0123456789ab";
        assert!(strictly(|| other.parse::<SubjectId>()).is_err());
        assert!(other.parse::<SubjectId>().is_ok());
        assert!(strictly(|| "8f14e45f-ceea-467f-a9b5-0123456789ab".parse::<SubjectId>()).is_ok());
    }

    #[test]
    fn an_organisations_code_is_bounded_and_ordered_as_its_text() {
        for right in ["A", "A12345", "ABCDEFGHIJ"] {
            assert_eq!(right.parse::<OrganisationCode>().expect("a code").to_string(), right);
        }
        for wrong in ["", "a", "A-1", "ABCDEFGHIJK", "É"] {
            assert!(wrong.parse::<OrganisationCode>().is_err(), "{wrong}");
        }
        let ordered = ["A", "A0", "A00", "B", "BA"].map(|text| text.parse::<OrganisationCode>().expect("a code"));
        assert!(ordered.is_sorted());
    }

    #[test]
    fn an_issuer_is_bounded_and_visible() {
        for right in ["https://id.example/?a=b", "urn:frontdoor:demo", &"i".repeat(256)] {
            assert_eq!(right.parse::<Issuer>().expect("an issuer").as_str(), right);
        }
        for wrong in ["", "two words", "línea", "a\n", &"i".repeat(257)] {
            assert!(wrong.parse::<Issuer>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stream_has_a_category_and_an_id() {
        let stream: StreamName = "session-A12345.9KTW3M0ZQ1BC".parse().expect("valid");
        assert_eq!((stream.category(), stream.id()), ("session", "A12345.9KTW3M0ZQ1BC"));
        for wrong in ["session", "-a", "session-", "session-a b", "Session-a", "s_x-a"] {
            assert!(wrong.parse::<StreamName>().is_err(), "{wrong}");
        }
        assert!(format!("s-{}", "a".repeat(99)).parse::<StreamName>().is_err());
    }
}
