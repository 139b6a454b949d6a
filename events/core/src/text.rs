//! Texts that people write. A text beyond its limit is refused, never truncated. A personal text prints masked.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    ids::Malformed,
    strictness::is_strict,
    visible::{self, is_unseen},
};

/// A personal text of 1 to `$most` characters, counted as Unicode scalar values, without control characters (line
/// breaks and tabs are allowed where `$lines`).
/// The crate that uses it depends on `serde` and `schemars`.
#[macro_export]
macro_rules! personal_text {
    ($(#[$doc:meta])* $name:ident, $title:literal, $most:literal, $lines:literal, $key:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            pub const CHARACTERS_MAX: usize = $most;

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $crate::personal::PersonalData for $name {
            const KEY: $crate::personal::KeyKind = $crate::personal::KeyKind::$key;
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::Malformed;
            fn from_str(text: &str) -> Result<Self, $crate::Malformed> {
                $crate::text::checked(text, $most, $lines).map(|text| $name(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::Malformed;
            fn try_from(text: String) -> Result<Self, $crate::Malformed> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0.into()
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str("***")
            }
        }

        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                $title.into()
            }
            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let mut schema = ::schemars::json_schema!({"type": "string", "minLength": 1, "maxLength": $most});
                $crate::visible::describe(&mut schema, $most, $lines);
                schema
            }
        }
    };
}

/// The prefix of the error for a text beyond its limit, so that a command can tell this fault (`text-too-long`) from a
/// malformed body.
pub const TOO_LONG: &str = "text-too-long";

/// A text of 1 to `most` characters (Unicode scalar values), at least one of them visible, without control characters;
/// line breaks and tabs are allowed if `lines`.
///
/// # Errors
/// The first fault of the text. Invisible characters are refused only in input from outside (`strictly`).
pub fn checked(text: &str, most: usize, lines: bool) -> Result<&str, Malformed> {
    let count = text.chars().count();
    if count > most {
        return Err(Malformed(format!("{TOO_LONG}: {count} characters, at most {most} are allowed").into()));
    }
    if text.trim().is_empty() {
        return Err(Malformed("the text is empty".into()));
    }
    let printable = |c: char| !c.is_control() || (lines && (c == '\n' || c == '\t'));
    if !text.chars().all(printable) {
        return Err(Malformed("the text holds control characters".into()));
    }
    if is_strict() && text.chars().any(|c| is_unseen(c, lines)) {
        return Err(Malformed(
            "the text holds characters that cannot be seen, change its direction or separate lines".into(),
        ));
    }
    Ok(text)
}

/// A line that is not personal, such as the name of an organisation: 1 to 200 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Line(Box<str>);

impl Line {
    pub const CHARACTERS_MAX: usize = 200;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Line {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<Line> for String {
    fn from(line: Line) -> String {
        line.0.into()
    }
}

impl JsonSchema for Line {
    fn schema_name() -> Cow<'static, str> {
        "Line".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({"type": "string", "minLength": 1, "maxLength": Self::CHARACTERS_MAX});
        visible::describe(&mut schema, Self::CHARACTERS_MAX, false);
        schema
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Line {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        checked(text, Self::CHARACTERS_MAX, false).map(|text| Line(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strictness::strictly;

    personal_text!(Short, "Short", 100, false, Record);
    personal_text!(Long, "Long", 500, true, Record);

    #[test]
    fn a_text_has_as_many_characters_as_are_allowed() {
        assert!("é".repeat(100).parse::<Short>().is_ok());
        let long = "a".repeat(101).parse::<Short>().expect_err("too long");
        assert!(long.0.starts_with(TOO_LONG));
        assert!("a".repeat(500).parse::<Long>().is_ok());
        assert!("a".repeat(501).parse::<Long>().is_err());
    }

    #[test]
    fn a_line_is_visible_and_one_line_from_outside_and_what_is_stored_stays_readable() {
        for hidden in
            ["Ann\u{200b}a", "Ann\u{202e}a", "Ann\u{2028}a", "Ann\u{2029}a", "\u{3164}", "\u{2800}", "A\u{ad}nn"]
        {
            assert!(strictly(|| hidden.parse::<Short>()).is_err(), "{hidden:?}");
            assert!(strictly(|| hidden.parse::<Line>()).is_err(), "{hidden:?}");
            assert!(strictly(|| serde_json::from_value::<Long>(hidden.into())).is_err(), "{hidden:?}");
            assert!(hidden.parse::<Short>().is_ok() && hidden.parse::<Line>().is_ok(), "{hidden:?}");
        }
        for visible in ["Zoë O’Neill-Žižek", "李小龙", "محمد", "Nguyễn Văn A"] {
            assert!(strictly(|| visible.parse::<Short>()).is_ok(), "{visible}");
        }
    }

    #[test]
    fn control_characters_and_emptiness_are_refused() {
        for wrong in ["", "  ", "a\u{0}b", "a\u{1b}[0m", "a\nb"] {
            assert!(wrong.parse::<Short>().is_err(), "{wrong:?}");
        }
        assert!("a\nb".parse::<Long>().is_ok());
    }
}
