//! The ids of vaccinations: programmes and vaccines as their files name them, doses, and lots.

use std::{fmt, str::FromStr, sync::Arc};

use event_core::{Malformed, text_id};
use programmes::LotNumber;
use serde::{Deserialize, Serialize};

use crate::appointments::ServiceType;

/// The beginning of the service type of a programme's appointments.
const SERVICE_PREFIX: &str = "vaccination-";

/// `^[a-z0-9][a-z0-9-]*$` with at most so many characters.
fn is_name(text: &str, characters_max: usize) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=characters_max).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('-')
}

/// A programme of vaccinations, like `covid-19`: 1 to 38 characters of `a-z0-9-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProgrammeId(Arc<str>);

text_id!(ProgrammeId, "ProgrammeId", "^[a-z0-9][a-z0-9-]{0,37}$");

impl ProgrammeId {
    pub const LENGTH_MAX: usize = programmes::document::PROGRAMME_CHARACTERS_MAX;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The programme of this service's appointments. `None` for other services.
    pub fn of_service(service: &ServiceType) -> Option<ProgrammeId> {
        service.to_string().strip_prefix(SERVICE_PREFIX)?.parse().ok()
    }
}

impl fmt::Display for ProgrammeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProgrammeId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        if is_name(text, Self::LENGTH_MAX) {
            Ok(ProgrammeId(text.into()))
        } else {
            Err(Malformed("a programme is 1 to 38 characters of a-z, 0-9 and '-', and does not begin with '-'".into()))
        }
    }
}

/// A vaccine as its programme names it: 1 to 35 characters of `a-z0-9-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VaccineId(Arc<str>);

text_id!(VaccineId, "VaccineId", "^[a-z0-9][a-z0-9-]{0,34}$");

impl VaccineId {
    /// With the longest number of a lot, it fits into the name of a stream.
    pub const LENGTH_MAX: usize = 35;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VaccineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for VaccineId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        if is_name(text, Self::LENGTH_MAX) {
            Ok(VaccineId(text.into()))
        } else {
            Err(Malformed("a vaccine is 1 to 35 characters of a-z, 0-9 and '-', and does not begin with '-'".into()))
        }
    }
}

/// A group or a contraindication as its programme names it: 1 to 60 characters of `a-z0-9-`. It tells about a person's health, and
/// prints masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProgrammeItemId(Box<str>);

text_id!(ProgrammeItemId, "ProgrammeItemId", "^[a-z0-9][a-z0-9-]{0,59}$");

impl ProgrammeItemId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProgrammeItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProgrammeItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl FromStr for ProgrammeItemId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        if is_name(text, programmes::document::ID_CHARACTERS_MAX) {
            Ok(ProgrammeItemId(text.into()))
        } else {
            Err(Malformed(
                "an id in a programme is 1 to 60 characters of a-z, 0-9 and '-', and does not begin with '-'".into(),
            ))
        }
    }
}

/// A dose of a person: 12 characters of Crockford base32, chosen by the app that records it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DoseId(Arc<str>);

text_id!(DoseId, "DoseId", "^[0-9A-HJKMNP-TV-Z]{12}$");

impl fmt::Display for DoseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DoseId {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let crockford = |b: u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILOU".contains(&b));
        if text.len() == 12 && text.bytes().all(crockford) {
            Ok(DoseId(text.into()))
        } else {
            Err(Malformed("a dose is 12 characters of Crockford base32".into()))
        }
    }
}

/// A lot of a vaccine, in the form of a stream's name: `<vaccine>.<lot>`, where each character of the lot that is no letter and
/// no digit is a dot and its code in two hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VaccineLot {
    vaccine: VaccineId,
    lot: LotNumber,
}

text_id!(VaccineLot, "VaccineLot", "^[a-z0-9][a-z0-9-]{0,34}[.]([A-Za-z0-9]|[.](2[125-9A-F]|3[A-F]|5F)){1,20}$");

impl VaccineLot {
    pub fn new(vaccine: VaccineId, lot: LotNumber) -> VaccineLot {
        VaccineLot { vaccine, lot }
    }

    pub fn vaccine(&self) -> &VaccineId {
        &self.vaccine
    }

    pub fn lot(&self) -> &LotNumber {
        &self.lot
    }
}

impl fmt::Display for VaccineLot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.vaccine)?;
        self.lot.as_str().bytes().try_for_each(|byte| {
            if byte.is_ascii_alphanumeric() { write!(f, "{}", char::from(byte)) } else { write!(f, ".{byte:02X}") }
        })
    }
}

impl FromStr for VaccineLot {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed("a lot is <vaccine>.<lot number>, like comirnaty.EL1484".into());
        let (vaccine, escaped) = text.split_once('.').ok_or_else(malformed)?;
        let mut lot = String::new();
        let mut rest = escaped.chars();
        while let Some(next) = rest.next() {
            let code: String = if next == '.' { rest.by_ref().take(2).collect() } else { String::new() };
            match u8::from_str_radix(&code, 16) {
                _ if next != '.' => lot.push(next),
                Ok(byte) if code.len() == 2 => lot.push(char::from(byte)),
                Ok(_) | Err(_) => return Err(malformed()),
            }
        }
        let read = VaccineLot {
            vaccine: vaccine.parse().map_err(|_| malformed())?,
            lot: lot.parse().map_err(|_| malformed())?,
        };
        // One spelling only: two would be two streams.
        if read.to_string() == text { Ok(read) } else { Err(malformed()) }
    }
}

#[cfg(test)]
mod tests {
    use event_core::StreamName;

    use super::*;

    #[test]
    fn the_service_type_of_a_programme_names_it() {
        let of = |service: &str| ProgrammeId::of_service(&service.parse().expect("a service"));
        assert_eq!(of("vaccination-covid-19").map(|programme| programme.to_string()).as_deref(), Some("covid-19"));
        assert_eq!((of("gp-routine"), of("vaccination")), (None, None));
    }

    #[test]
    fn a_lot_has_one_spelling_that_is_part_of_a_streams_name() {
        for (lot, text) in
            [("EL1484", "comirnaty.EL1484"), ("AB-12/3", "comirnaty.AB.2D12.2F3"), ("a.b", "comirnaty.a.2Eb")]
        {
            let of = VaccineLot::new("comirnaty".parse().expect("a vaccine"), lot.parse().expect("a lot"));
            assert_eq!(of.to_string(), text);
            assert_eq!(text.parse::<VaccineLot>(), Ok(of));
        }
        for wrong in
            ["comirnaty", "comirnaty.", "comirnaty.AB-1", "comirnaty.AB.2d1", "comirnaty.AB.41", "comirnaty.A.2", ".A"]
        {
            assert!(wrong.parse::<VaccineLot>().is_err(), "{wrong}");
        }
        let longest = VaccineLot::new(
            "a".repeat(VaccineId::LENGTH_MAX).parse().expect("a vaccine"),
            "_".repeat(LotNumber::LENGTH_MAX).parse().expect("a lot"),
        );
        assert!(format!("lot-{longest}").parse::<StreamName>().is_ok());
    }

    #[test]
    fn every_programme_and_vaccine_of_the_build_has_an_id() {
        for programme in programmes::CATALOGUE.all() {
            let document = programme.document();
            assert!(document.programme.parse::<ProgrammeId>().is_ok());
            assert!(format!("vaccination-{}", document.programme).parse::<ServiceType>().is_ok());
            assert!(document.vaccines.iter().all(|vaccine| vaccine.id.parse::<VaccineId>().is_ok()));
        }
    }
}
