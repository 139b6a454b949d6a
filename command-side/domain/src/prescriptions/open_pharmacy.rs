use event_core::{OrganisationCode, text::Line};
use vocabulary::prescriptions::PharmacyOpened;

use super::{pharmacy::Pharmacy, rejections::PHARMACY_EXISTS};
use crate::prelude::*;

/// Open a pharmacy on the platform, so that prescriptions can be sent to it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenPharmacy {
    /// Its code in the Organisation Data Service.
    pub pharmacy: OrganisationCode,
    pub name: Line,
    /// The address in one line, as on a letter.
    pub address: Line,
}

impl Command for OpenPharmacy {
    const NAME: &'static str = "open-pharmacy";
    const WHO: &'static dyn AccessRule = &operator(Permission::Practices);
    const REJECTIONS: &'static [&'static Rejection] = &[&PHARMACY_EXISTS];
    type Reads = Pharmacy;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.pharmacy.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.pharmacy)
    }

    fn decide(&self, pharmacy: States<'_, Self>, _: &Context) -> Result<Decision, Rejected> {
        let (name, address) = (self.name.clone(), self.address.clone());
        let opened = PharmacyOpened { pharmacy: self.pharmacy.clone(), name, address };
        match pharmacy {
            Pharmacy::Open(same) if *same == opened => Ok(nothing_new()),
            Pharmacy::Open(_) => Err((&PHARMACY_EXISTS).into()),
            Pharmacy::Unknown => Ok(record(opened)),
        }
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{prescriptions::scenes::*, spec::*};

    #[test]
    fn a_pharmacy_is_opened_once() {
        let open = |name: &str| OpenPharmacy { pharmacy: pharmacy(), name: line(name), address: line("3 High Street") };
        let opened = world().when(open("Green Cross")).records(&[&pharmacy_opened()]);
        opened.when(open("Green Cross")).nothing_new().when(open("Blue Cross")).rejected(&PHARMACY_EXISTS);
    }
}
