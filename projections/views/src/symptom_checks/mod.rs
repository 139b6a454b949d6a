//! The read models of symptom checks: the checks of a person, each with its answers, and the releases that were recalled.

mod my_symptom_checks;
mod recalled_releases;
mod symptom_check_details;

pub use my_symptom_checks::{MySymptomChecks, StartedCheckRow};
pub use recalled_releases::{RecalledReleaseRow, RecalledReleases};
pub use symptom_check_details::{CheckRowStage, SymptomCheckDetails, SymptomCheckRow};

use event_core::ProjectionVisitor;

/// A new read model of this service is one line here.
pub(crate) fn visit(visitor: &mut impl ProjectionVisitor) {
    visitor.visit::<MySymptomChecks>();
    visitor.visit::<SymptomCheckDetails>();
    visitor.visit::<RecalledReleases>();
}
