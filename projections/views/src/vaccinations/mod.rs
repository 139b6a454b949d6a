//! The read models of vaccinations: the doses and the passes of a person, the people that had a lot, the lots that were recalled, the passes
//! that were revoked, what was declared before a booking, and the sites of each programme.

mod booked_doses;
mod lot_doses;
mod my_doses;
mod my_passes;
mod recalled_lots;
mod revoked_passes;
mod vaccination_sites;

pub use booked_doses::{BookedDoseRow, BookedDoses};
pub use lot_doses::{LotDoseRow, LotDoses};
pub use my_doses::{DoseRow, MyDoses};
pub use my_passes::{MyPasses, PassRow};
pub use recalled_lots::{RecalledLotRow, RecalledLots};
pub use revoked_passes::{RevokedPassRow, RevokedPasses};
pub use vaccination_sites::{VaccinationSiteRow, VaccinationSites};

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<MyDoses>();
    visitor.visit::<LotDoses>();
    visitor.visit::<RecalledLots>();
    visitor.visit::<MyPasses>();
    visitor.visit::<RevokedPasses>();
    visitor.visit::<BookedDoses>();
    visitor.visit::<VaccinationSites>();
}
