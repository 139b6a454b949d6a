//! The read models of vaccinations: the doses of a person, the people that had a lot, and the lots that were recalled.

mod lot_doses;
mod my_doses;
mod recalled_lots;

pub use lot_doses::{LotDoseRow, LotDoses};
pub use my_doses::{DoseRow, MyDoses};
pub use recalled_lots::{RecalledLotRow, RecalledLots};

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<MyDoses>();
    visitor.visit::<LotDoses>();
    visitor.visit::<RecalledLots>();
}
