//! Names in the letters of machine readable travel documents.

use std::{fmt, str::FromStr};

use event_core::{Malformed, text_id};
use serde::{Deserialize, Serialize};

use crate::transliteration::transliterate;

/// A name in the letters `A` to `Z` and `<` between words, by ICAO Doc 9303 part 3, section 6. A person shows the same name in a
/// passport.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MrzName(Box<str>);

text_id!(MrzName, "MrzName", "^[A-Z]+(<[A-Z]+)*$", "maxLength": 80);

impl MrzName {
    pub const CHARACTERS_MAX: usize = 80;

    /// The name in these letters, cut to 80 as in a travel document.
    ///
    /// # Errors
    /// A character that ICAO Doc 9303 has no letters for, or a name without any letters.
    pub fn of(name: &str) -> Result<MrzName, Malformed> {
        let letters = transliterate(name).map_err(|unknown| {
            Malformed(
                format!(
                    "ICAO Doc 9303 has no letters for the character U+{:04X}: the name in Latin letters has to be given",
                    u32::from(unknown)
                )
                .into(),
            )
        })?;
        let cut = letters.get(..Self::CHARACTERS_MAX).unwrap_or(&letters);
        cut.trim_end_matches('<').parse()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MrzName {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|c| c.is_ascii_uppercase());
        if text.len() <= Self::CHARACTERS_MAX && text.split('<').all(word) {
            Ok(MrzName(text.into()))
        } else {
            Err(Malformed(
                "a name in Latin letters is words of A to Z with < between them, at most 80 characters".into(),
            ))
        }
    }
}

impl fmt::Display for MrzName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MrzName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
