//! The pharmacies: their names and addresses.

use event_core::{Key, Keys, OrganisationCode, Projection, Recorded, text::Line};
use serde::{Deserialize, Serialize};
use vocabulary::prescriptions::PharmacyEvent;

pub struct Pharmacies;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PharmacyRow {
    pub pharmacy: OrganisationCode,
    pub name: Line,
    pub address: Line,
}

impl Pharmacies {
    /// All pharmacies are in one partition, ordered by code.
    pub const PARTITION: &str = "pharmacies";

    pub fn key(pharmacy: &OrganisationCode) -> Key {
        Key::new(Self::PARTITION, pharmacy)
    }
}

impl Projection for Pharmacies {
    const NAME: &'static str = "pharmacies";
    const VERSION: u32 = 1;
    type Row = PharmacyRow;
    type Event = PharmacyEvent;

    fn keys(fact: &Recorded<PharmacyEvent>) -> Keys {
        match &fact.data {
            PharmacyEvent::Opened(opened) => vec![Self::key(&opened.pharmacy)],
        }
    }

    fn evolve(_: &Key, _: Option<PharmacyRow>, fact: &Recorded<PharmacyEvent>) -> Option<PharmacyRow> {
        match &fact.data {
            PharmacyEvent::Opened(opened) => Some(PharmacyRow {
                pharmacy: opened.pharmacy.clone(),
                name: opened.name.clone(),
                address: opened.address.clone(),
            }),
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::prescriptions::PharmacyOpened;

    use super::*;
    use crate::{prescriptions::scenes::pharmacy, spec::fold};

    #[test]
    fn a_pharmacy_is_listed_with_its_name() {
        let line = |text: &str| text.parse::<Line>().expect("a line");
        let opened = PharmacyOpened { pharmacy: pharmacy(), name: line("Green Cross"), address: line("3 High Street") };
        let rows = fold::<Pharmacies>([opened.into()]);
        assert_eq!(rows.get(&Pharmacies::key(&pharmacy())).expect("a row").name.as_str(), "Green Cross");
    }
}
