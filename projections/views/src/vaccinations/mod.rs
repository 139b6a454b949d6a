//! The read models of vaccinations: the doses and the passes of a person, the people that had a lot, the lots that were recalled, the passes
//! that were revoked, and what was declared before a booking.

mod booked_doses;
mod lot_doses;
mod my_doses;
mod my_passes;
mod recalled_lots;
mod revoked_passes;

pub use booked_doses::{BookedDoseRow, BookedDoses};
pub use lot_doses::{LotDoseRow, LotDoses};
pub use my_doses::{DoseRow, MyDoses};
pub use my_passes::{MyPasses, PassRow};
pub use recalled_lots::{RecalledLotRow, RecalledLots};
pub use revoked_passes::{RevokedPassRow, RevokedPasses};

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<MyDoses>();
    visitor.visit::<LotDoses>();
    visitor.visit::<RecalledLots>();
    visitor.visit::<MyPasses>();
    visitor.visit::<RevokedPasses>();
    visitor.visit::<BookedDoses>();
}
