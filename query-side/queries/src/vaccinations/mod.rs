//! The queries of vaccinations.

mod list_doses;
mod list_lot_doses;
mod list_passes;
mod list_programmes;
mod list_vaccination_sites;
mod see_eligibility;
mod see_pass;
mod see_revocation_list;
mod see_trust_list;
mod see_vaccination_visit;

pub use list_doses::{ListVaccinations, VaccinationDose};
pub use list_lot_doses::{ListLotDoses, LotDose};
pub use list_passes::{ListPasses, VaccinationPass, ValidPasses};
pub use list_programmes::{
    DeclarableCohort, DeclarableContraindication, ListProgrammes, OfferedProgramme, OfferedVaccine,
    VaccinationProgrammes,
};
pub use list_vaccination_sites::{ListVaccinationSites, VaccinationSite};
pub use see_eligibility::{SecondDoseDays, SeeEligibility, VaccinationEligibility};
pub use see_pass::{NO_PASS_KEY, PASS_UNKNOWN, PassState, SeePass, ShownPass, SignedPass};
pub use see_revocation_list::SeeRevocationList;
pub use see_trust_list::SeeTrustList;
pub use see_vaccination_visit::{
    DeclaredAnswer, DeclaredAnswers, SeeVaccinationVisit, VISIT_NOT_FOUND, VaccinationVisit,
};

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![
        entry::<ListProgrammes>(),
        entry::<ListVaccinationSites>(),
        entry::<SeeEligibility>(),
        entry::<ListVaccinations>(),
        entry::<ListLotDoses>(),
        entry::<ListPasses>(),
        entry::<SeePass>(),
        entry::<SeeTrustList>(),
        entry::<SeeRevocationList>(),
        entry::<SeeVaccinationVisit>(),
    ]
}
