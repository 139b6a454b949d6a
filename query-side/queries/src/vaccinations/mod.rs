//! The queries of vaccinations.

mod list_doses;
mod list_lot_doses;
mod list_programmes;
mod see_eligibility;

pub use list_doses::{ListVaccinations, VaccinationDose};
pub use list_lot_doses::{ListLotDoses, LotDose};
pub use list_programmes::{
    DeclarableCohort, DeclarableContraindication, ListProgrammes, OfferedProgramme, OfferedVaccine,
    VaccinationProgrammes,
};
pub use see_eligibility::{SeeEligibility, VaccinationEligibility};

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![entry::<ListProgrammes>(), entry::<SeeEligibility>(), entry::<ListVaccinations>(), entry::<ListLotDoses>()]
}
