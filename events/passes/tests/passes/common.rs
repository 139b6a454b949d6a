//! A synthetic holder, keys of fixed bytes, and lists.

use event_core::Timestamp;
use passes::{
    CountryCode, HolderName, IssuingKey, IssuingKeys, PassContents, PassVaccination, RevocationList, TrustList, Uvci,
    expiry,
};

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub fn country(text: &str) -> CountryCode {
    text.parse().expect("a country")
}

/// A key of Great Britain that signs in the year 2026. The number makes it another key.
pub fn key(number: u8) -> IssuingKey {
    key_from(number, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
}

pub fn key_from(number: u8, from: &str, until: &str) -> IssuingKey {
    IssuingKey::make(&[number; 32], [number; 16], country("GB"), at(from), at(until)).expect("a key")
}

pub fn keys(of: &[&IssuingKey]) -> IssuingKeys {
    let pem: String = of.iter().map(|key| key.to_pem().expect("PEM").to_string()).collect();
    IssuingKeys::parse(&pem).expect("keys")
}

pub fn trust(of: &[&IssuingKey]) -> TrustList {
    TrustList::of(&keys(of), at("2026-01-01T00:00:00Z"))
}

pub fn nothing_revoked() -> RevocationList {
    RevocationList::new(at("2026-11-27T00:00:00Z"), []).expect("a list")
}

pub const ISSUED: &str = "2026-11-27T08:00:00Z";
pub const CHECKED: &str = "2026-11-28T08:00:00Z";

pub fn contents() -> PassContents {
    let text = |text: &str| text.parse().expect("a name");
    let code = |text: &str| text.parse().expect("a code");
    PassContents {
        name: HolderName::new(Some(text("d'Červenková Panklová")), Some(text("Jiřina-Maria Alena"))).expect("a name"),
        born: "1964-08-12".parse().expect("a date"),
        vaccination: PassVaccination {
            disease: code("840539006"),
            vaccine: code("1119349007"),
            product: code("EU/1/20/1528"),
            manufacturer: code("ORG-100030215"),
            dose: 2,
            doses: 2,
            given_on: "2026-11-02".parse().expect("a day"),
            country: country("GB"),
            issuer: code("NHS England"),
            uvci: Uvci::new(country("GB"), "DADFCC47C7334E45A906DB12FD859FB7").expect("an identifier"),
        },
        issued_at: at(ISSUED),
        expires_at: expiry(at(ISSUED)),
    }
}
