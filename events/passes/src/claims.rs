//! The signed data of a pass: the claims of a CBOR Web Token (RFC 8392), one of which holds the EU DCC (schema 1.3.0).

use coset::{
    CborSerializable,
    cbor::value::{Integer, Value},
};
use event_core::{LocalDate, Timestamp};

use crate::{
    contents::{HolderName, HolderText, PassCode, PassContents, PassVaccination},
    country::CountryCode,
    fault::PassFault,
    mrz_name::MrzName,
    uvci::Uvci,
};

/// The version of the schema that issued passes have.
const SCHEMA_VERSION: &str = "1.3.0";
/// Issuer, expiry, issued at (RFC 8392, 4); the health certificate, and the EU DCC in it (hcert specification, 3.3.1).
const ISS: i64 = 1;
const EXP: i64 = 4;
const IAT: i64 = 6;
const HCERT: i64 = -260;
const EU_DCC_V1: i64 = 1;
const MICROS: i64 = 1_000_000;
/// 9999-12-30, the last day of a `Timestamp`, in seconds.
const SECONDS_MAX: i64 = 253_402_207_200;

/// The signed data of a pass whose signature was verified.
pub(crate) struct SignedClaims {
    /// Not every issuer names its country.
    pub(crate) country: Option<CountryCode>,
    pub(crate) contents: PassContents,
}

/// The claims in CBOR, or `None` if they cannot be encoded.
pub(crate) fn encode(contents: &PassContents, issuer: CountryCode) -> Option<Vec<u8>> {
    let seconds = |instant: Timestamp| Value::from(instant.micros() / MICROS);
    let certificate = Value::Map(vec![(EU_DCC_V1.into(), certificate(contents))]);
    let claims = Value::Map(vec![
        (ISS.into(), issuer.to_string().into()),
        (EXP.into(), seconds(contents.expires_at)),
        (IAT.into(), seconds(contents.issued_at)),
        (HCERT.into(), certificate),
    ]);
    claims.to_vec().ok()
}

fn certificate(contents: &PassContents) -> Value {
    let (name, dose) = (&contents.name, &contents.vaccination);
    let names = [
        ("fn", name.surname().map(HolderText::as_str)),
        ("fnt", name.surname_latin().map(MrzName::as_str)),
        ("gn", name.forename().map(HolderText::as_str)),
        ("gnt", name.forename_latin().map(MrzName::as_str)),
    ];
    let names = names.into_iter().filter_map(|(key, name)| Some((key.into(), name?.into()))).collect();
    let vaccination = map([
        ("tg", dose.disease.as_str().into()),
        ("vp", dose.vaccine.as_str().into()),
        ("mp", dose.product.as_str().into()),
        ("ma", dose.manufacturer.as_str().into()),
        ("dn", dose.dose.into()),
        ("sd", dose.doses.into()),
        ("dt", dose.given_on.to_string().into()),
        ("co", dose.country.to_string().into()),
        ("is", dose.issuer.as_str().into()),
        ("ci", dose.uvci.as_str().into()),
    ]);
    map([
        ("ver", SCHEMA_VERSION.into()),
        ("nam", Value::Map(names)),
        ("dob", contents.born.as_str().into()),
        ("v", Value::Array(vec![vaccination])),
    ])
}

fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

/// Reads verified claims. Members that this version does not know are ignored, as the specification recommends.
pub(crate) fn decode(payload: &[u8]) -> Result<SignedClaims, PassFault> {
    let claims = Value::from_slice(payload).map_err(|_| PassFault::Claims("not CBOR"))?;
    let claims = Members::of(&claims, "the claims")?;
    let country = match claims.find(&ISS.into(), "iss")? {
        Some(Value::Text(country)) => Some(country.parse().map_err(|_| PassFault::Claims("iss"))?),
        Some(_) => return Err(PassFault::Claims("iss")),
        None => None,
    };
    let certificate = Members::of(claims.get(&HCERT.into(), "hcert")?, "hcert")?;
    let certificate = Members::of(certificate.get(&EU_DCC_V1.into(), "eu_dcc_v1")?, "eu_dcc_v1")?;
    let Some(vaccinations) = certificate.find(&"v".into(), "v")? else { return Err(PassFault::NotVaccination) };
    let contents = PassContents {
        name: name(&Members::of(certificate.get(&"nam".into(), "nam")?, "nam")?)?,
        born: certificate.parse("dob")?,
        vaccination: match vaccinations.as_array().map(Vec::as_slice) {
            Some([one]) => vaccination(&Members::of(one, "v")?)?,
            Some(_) | None => return Err(PassFault::Claims("v")),
        },
        issued_at: claims.instant(IAT, "iat")?,
        expires_at: claims.instant(EXP, "exp")?,
    };
    Ok(SignedClaims { country, contents })
}

fn name(members: &Members) -> Result<HolderName, PassFault> {
    HolderName::with_latin(
        members.parse_some("fn")?,
        members.parse_some("fnt")?,
        members.parse_some("gn")?,
        members.parse_some("gnt")?,
    )
    .ok_or(PassFault::Claims("nam"))
}

fn vaccination(members: &Members) -> Result<PassVaccination, PassFault> {
    Ok(PassVaccination {
        disease: members.parse::<PassCode>("tg")?,
        vaccine: members.parse::<PassCode>("vp")?,
        product: members.parse::<PassCode>("mp")?,
        manufacturer: members.parse::<PassCode>("ma")?,
        dose: members.count("dn")?,
        doses: members.count("sd")?,
        given_on: members.parse::<LocalDate>("dt")?,
        country: members.parse::<CountryCode>("co")?,
        issuer: members.parse::<PassCode>("is")?,
        uvci: members.text("ci").and_then(|text| Uvci::signed(text).ok_or(PassFault::Claims("ci")))?,
    })
}

/// The members of a map. A member that is there twice is a fault, because readers would differ in which one they take.
struct Members<'a>(&'a [(Value, Value)]);

impl<'a> Members<'a> {
    fn of(value: &'a Value, name: &'static str) -> Result<Members<'a>, PassFault> {
        value.as_map().map(|members| Members(members)).ok_or(PassFault::Claims(name))
    }

    fn find(&self, key: &Value, name: &'static str) -> Result<Option<&'a Value>, PassFault> {
        let mut found = self.0.iter().filter(|(known, _)| known == key).map(|(_, value)| value);
        let first = found.next();
        if found.next().is_some() { Err(PassFault::Claims(name)) } else { Ok(first) }
    }

    fn get(&self, key: &Value, name: &'static str) -> Result<&'a Value, PassFault> {
        self.find(key, name)?.ok_or(PassFault::Claims(name))
    }

    fn text(&self, name: &'static str) -> Result<&'a str, PassFault> {
        self.get(&name.into(), name)?.as_text().ok_or(PassFault::Claims(name))
    }

    fn parse<T: std::str::FromStr>(&self, name: &'static str) -> Result<T, PassFault> {
        self.text(name)?.parse().map_err(|_| PassFault::Claims(name))
    }

    /// A member that may be absent. Some issuers write an absent name as an empty text.
    fn parse_some<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>, PassFault> {
        match self.find(&name.into(), name)?.map(|value| value.as_text()) {
            None | Some(Some("")) => Ok(None),
            Some(Some(text)) => text.parse().map(Some).map_err(|_| PassFault::Claims(name)),
            Some(None) => Err(PassFault::Claims(name)),
        }
    }

    fn number(&self, key: &Value, name: &'static str) -> Result<i64, PassFault> {
        let integer: Option<Integer> = self.get(key, name)?.as_integer();
        integer.and_then(|integer| i64::try_from(integer).ok()).ok_or(PassFault::Claims(name))
    }

    fn count(&self, name: &'static str) -> Result<u8, PassFault> {
        let number = self.number(&name.into(), name)?;
        u8::try_from(number).ok().filter(|count| *count > 0).ok_or(PassFault::Claims(name))
    }

    fn instant(&self, key: i64, name: &'static str) -> Result<Timestamp, PassFault> {
        let seconds = self.number(&key.into(), name)?;
        let known = (0..=SECONDS_MAX).contains(&seconds);
        if known { Ok(Timestamp::from_micros(seconds * MICROS)) } else { Err(PassFault::Claims(name)) }
    }
}
