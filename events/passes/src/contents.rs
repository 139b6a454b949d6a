//! The contents of a pass: its holder, one vaccination, and the times between which it is valid.

use std::{borrow::Cow, fmt, str::FromStr};

use event_core::{
    LocalDate, Malformed, Timestamp,
    personal::{KeyKind, PersonalData},
    personal_text, text_id, visible,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{country::CountryCode, mrz_name::MrzName, uvci::Uvci};

personal_text!(
    /// A surname or forename of the holder, as it is written.
    HolderText, "HolderText", 80, false, Record
);

/// A pass in its own words. `claims.rs` says how the EU DCC calls each member. All of it is health data, so it prints masked with
/// `{:?}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PassContents {
    pub name: HolderName,
    pub born: PassBirthDate,
    pub vaccination: PassVaccination,
    /// Signed in whole seconds.
    pub issued_at: Timestamp,
    /// Signed in whole seconds. The pass is not valid at this instant and after it.
    pub expires_at: Timestamp,
}

impl PersonalData for PassContents {
    const KEY: KeyKind = KeyKind::Record;
}

/// One dose (EU DCC, `vaccination_entry`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PassVaccination {
    /// The disease: a SNOMED CT code of the value set, such as `840539006` (COVID-19).
    pub disease: PassCode,
    /// The kind of vaccine: a SNOMED CT or ATC code of the value set, such as `1119349007` (mRNA vaccine).
    pub vaccine: PassCode,
    /// The product: its number in the Union Register, such as `EU/1/20/1528`.
    pub product: PassCode,
    /// The holder of the marketing authorisation, or the manufacturer, such as `ORG-100030215`.
    pub manufacturer: PassCode,
    /// The number of this dose, from 1.
    #[schemars(range(min = 1))]
    pub dose: u8,
    /// The number of doses of the series. Boosters can have a greater `dose`.
    #[schemars(range(min = 1))]
    pub doses: u8,
    pub given_on: LocalDate,
    /// The country in which it was given.
    pub country: CountryCode,
    /// The organisation that issues the pass.
    pub issuer: PassCode,
    pub uvci: Uvci,
}

/// The names of a person. The names in Latin letters are those of a travel document, and at least one of them is there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "WrittenName", rename_all = "camelCase")]
#[schemars(with = "WrittenName")]
pub struct HolderName {
    #[serde(skip_serializing_if = "Option::is_none")]
    surname: Option<HolderText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    surname_latin: Option<MrzName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forename: Option<HolderText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forename_latin: Option<MrzName>,
}

/// The names as they are given. A name in Latin letters that is not given is made of the name.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenName {
    #[serde(default)]
    surname: Option<HolderText>,
    #[serde(default)]
    surname_latin: Option<MrzName>,
    #[serde(default)]
    forename: Option<HolderText>,
    #[serde(default)]
    forename_latin: Option<MrzName>,
}

impl TryFrom<WrittenName> for HolderName {
    type Error = Malformed;
    fn try_from(written: WrittenName) -> Result<HolderName, Malformed> {
        let latin = |given: Option<MrzName>, name: &Option<HolderText>| match (given, name) {
            (Some(given), _) => Ok(Some(given)),
            (None, Some(name)) => MrzName::of(name.as_str()).map(Some),
            (None, None) => Ok(None),
        };
        let surname_latin = latin(written.surname_latin, &written.surname)?;
        let forename_latin = latin(written.forename_latin, &written.forename)?;
        HolderName::with_latin(written.surname, surname_latin, written.forename, forename_latin)
            .ok_or(Malformed("a pass has a surname or a forename".into()))
    }
}

impl HolderName {
    /// The names with those in Latin letters made of them.
    ///
    /// # Errors
    /// If there is no name, or one that ICAO Doc 9303 has no letters for.
    pub fn new(surname: Option<HolderText>, forename: Option<HolderText>) -> Result<HolderName, Malformed> {
        HolderName::written(surname, None, forename, None)
    }

    /// The same, where a name in Latin letters that is given is taken as it is.
    ///
    /// # Errors
    /// As `new`.
    pub fn written(
        surname: Option<HolderText>,
        surname_latin: Option<MrzName>,
        forename: Option<HolderText>,
        forename_latin: Option<MrzName>,
    ) -> Result<HolderName, Malformed> {
        WrittenName { surname, surname_latin, forename, forename_latin }.try_into()
    }

    /// `None` without any name in Latin letters.
    pub fn with_latin(
        surname: Option<HolderText>,
        surname_latin: Option<MrzName>,
        forename: Option<HolderText>,
        forename_latin: Option<MrzName>,
    ) -> Option<HolderName> {
        let named = surname_latin.is_some() || forename_latin.is_some();
        named.then_some(HolderName { surname, surname_latin, forename, forename_latin })
    }

    pub fn surname(&self) -> Option<&HolderText> {
        self.surname.as_ref()
    }

    pub fn surname_latin(&self) -> Option<&MrzName> {
        self.surname_latin.as_ref()
    }

    pub fn forename(&self) -> Option<&HolderText> {
        self.forename.as_ref()
    }

    pub fn forename_latin(&self) -> Option<&MrzName> {
        self.forename_latin.as_ref()
    }
}

/// A code, or the name of an organisation: 1 to 80 characters without control characters (JSON schema of the EU DCC: `maxLength` 80).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PassCode(Box<str>);

impl TryFrom<String> for PassCode {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<PassCode> for String {
    fn from(code: PassCode) -> String {
        code.0.into()
    }
}

impl JsonSchema for PassCode {
    fn schema_name() -> Cow<'static, str> {
        "PassCode".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({"type": "string", "minLength": 1, "maxLength": Self::CHARACTERS_MAX});
        visible::describe(&mut schema, Self::CHARACTERS_MAX, false);
        schema
    }
}

impl PassCode {
    pub const CHARACTERS_MAX: usize = 80;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PassCode {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        event_core::text::checked(text, Self::CHARACTERS_MAX, false).map(|text| PassCode(text.into()))
    }
}

impl fmt::Display for PassCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The day, month or year of birth, as far as it is known: `1950-03-02`, `1950-03`, `1950` or nothing. The years are 1900 to 2099.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PassBirthDate(Box<str>);

text_id!(PassBirthDate, "PassBirthDate", "^((19|20)[0-9]{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?)?$");

impl PassBirthDate {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PassBirthDate {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let first_day = match text.len() {
            0 => Some("1900-01-01".to_owned()),
            4 => Some(format!("{text}-01-01")),
            7 => Some(format!("{text}-01")),
            10 => Some(text.to_owned()),
            _ => None,
        };
        let day = first_day.and_then(|day| day.parse::<LocalDate>().ok());
        let known = day.is_some_and(|day| (1900..=2099).contains(&day.civil().year()));
        let malformed =
            || Malformed("a date of birth is like 1950-03-02, 1950-03, 1950, or empty; from 1900 to 2099".into());
        if known { Ok(PassBirthDate(text.into())) } else { Err(malformed()) }
    }
}

impl fmt::Display for PassBirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PassBirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for PassCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for HolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HolderName(***)")
    }
}

impl fmt::Debug for PassVaccination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassVaccination(***)")
    }
}

impl fmt::Debug for PassContents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PassContents(***, {} to {})", self.issued_at, self.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birth_date_is_as_exact_as_it_is_known() {
        for right in ["", "1950", "1950-03", "1950-03-02", "2024-02-29"] {
            assert_eq!(right.parse::<PassBirthDate>().expect("a date of birth").as_str(), right);
        }
        for wrong in ["1899", "2100-01-01", "1950-13", "1950-02-30", "50", "1950-3-2", "1950-03-02T00:00"] {
            assert!(wrong.parse::<PassBirthDate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_in_latin_letters_is_made_or_given() {
        let made: HolderName = serde_json::from_str(r#"{"surname": "Müller", "forename": "Zoë"}"#).expect("a name");
        assert_eq!(made.surname_latin().map(MrzName::as_str), Some("MUELLER"));
        assert_eq!(made.forename_latin().map(MrzName::as_str), Some("ZOE"));
        let given = r#"{"surname":"王","surnameLatin":"WANG"}"#;
        assert_eq!(
            serde_json::to_string(&serde_json::from_str::<HolderName>(given).expect("a name")).expect("JSON"),
            given
        );
        for (wrong, why) in [
            ("{}", "a surname or a forename"),
            (r#"{"surname": "王"}"#, "U+738B"),
            (r#"{"surname": "-"}"#, "words of A to Z"),
            (r#"{"surname": "A", "surnameLatin": "a"}"#, "words of A to Z"),
            (r#"{"surname": "A", "middle": "B"}"#, "unknown field"),
        ] {
            let error = serde_json::from_str::<HolderName>(wrong).expect_err(wrong).to_string();
            assert!(error.contains(why), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_long_name_in_latin_letters_is_cut_as_in_a_passport() {
        assert_eq!(MrzName::of(&"Ж".repeat(80)).expect("letters").as_str(), "ZH".repeat(40));
        let parts = format!("{} B", "A".repeat(78));
        assert_eq!(MrzName::of(&parts).expect("letters").as_str().len(), 80);
        let double = format!("{} {}", "Ä".repeat(39), "Ж".repeat(3));
        assert_eq!(MrzName::of(&double).expect("letters").as_str(), format!("{}<Z", "AE".repeat(39)));
    }
}
