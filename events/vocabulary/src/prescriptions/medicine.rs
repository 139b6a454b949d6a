//! A medicine of a repeat plan, and the texts of a request.

use std::{fmt, str::FromStr};

use event_core::{
    Malformed,
    personal::{KeyKind, PersonalData},
    personal_text, text_id,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

personal_text!(
    /// The name of a medicine with its strength and form, as on the label.
    MedicineName, "MedicineName", 200, false, Record
);
personal_text!(
    /// The dose, as on the label: `One tablet to be taken each morning`.
    DoseText, "DoseText", 200, false, Record
);
personal_text!(
    /// The quantity of one issue: `28 tablets`.
    QuantityText, "QuantityText", 100, false, Record
);
personal_text!(
    /// A note to the practice with a request.
    RequestNote, "RequestNote", 500, true, Record
);
personal_text!(
    /// The reason for rejecting a request, for the patient to read.
    RefusalReason, "RefusalReason", 500, true, Record
);

/// A medicine, its dose and quantity.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Medicine {
    pub code: MedicineCode,
    pub name: MedicineName,
    pub dose: DoseText,
    pub quantity: QuantityText,
}

impl PersonalData for Medicine {
    const KEY: KeyKind = KeyKind::Record;
}

impl fmt::Debug for Medicine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The code of a medicine in the dictionary of medicines and devices (dm+d): 6 to 18 digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MedicineCode(Box<str>);

text_id!(MedicineCode, "MedicineCode", "^[1-9][0-9]{5,17}$");

impl fmt::Display for MedicineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MedicineCode {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        if (6..=18).contains(&text.len()) && digits {
            Ok(MedicineCode(text.into()))
        } else {
            Err(Malformed("a code of dm+d is 6 to 18 digits, of which the first is not 0".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_500_characters_and_lines() {
        assert_eq!((RequestNote::CHARACTERS_MAX, RefusalReason::CHARACTERS_MAX), (500, 500));
        assert!("a\nb".parse::<RequestNote>().is_ok() && "a\nb".parse::<MedicineName>().is_err());
        assert!("n".repeat(501).parse::<RequestNote>().is_err());
    }

    #[test]
    fn a_code_of_dm_d_is_digits() {
        assert!("39113611000001102".parse::<MedicineCode>().is_ok());
        for wrong in ["", "12345", "0123456", "1234567890123456789", "39113611000001l02", "１２３４５６"] {
            assert!(wrong.parse::<MedicineCode>().is_err(), "{wrong}");
        }
    }
}
