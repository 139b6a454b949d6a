//! A pharmacy, in the form that commands need.

use event_core::{OrganisationCode, Rejected, State, Stream};
use vocabulary::prescriptions::{PharmacyEvent, PharmacyOpened};

use super::rejections::PHARMACY_UNKNOWN;

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Pharmacy {
    #[default]
    Unknown,
    Open(PharmacyOpened),
}

impl State for Pharmacy {
    type Event = PharmacyEvent;

    fn evolve(&mut self, event: &PharmacyEvent) {
        match event {
            PharmacyEvent::Opened(opened) => *self = Pharmacy::Open(opened.clone()),
        }
    }
}

impl Pharmacy {
    /// The stream of this pharmacy. Without one it is a stream that is always empty: no code has lower-case letters.
    pub fn chosen(pharmacy: Option<&OrganisationCode>) -> Stream<Pharmacy> {
        pharmacy.map_or_else(|| Stream::of("none"), Stream::of)
    }

    /// # Errors
    /// `pharmacy-unknown`. The form of a code proves nothing.
    pub fn has_to_be_known(&self) -> Result<(), Rejected> {
        match self {
            Pharmacy::Unknown => Err((&PHARMACY_UNKNOWN).into()),
            Pharmacy::Open(_) => Ok(()),
        }
    }
}
