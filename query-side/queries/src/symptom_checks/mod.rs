//! The queries of symptom checks.

mod list_pathways;
mod list_symptom_checks;
mod question;
mod see_symptom_check;

pub use list_pathways::{ListPathways, OfferedPathway, SymptomPathways};
pub use list_symptom_checks::{ListSymptomChecks, SymptomCheckSummary};
pub use question::{AskedQuestion, GivenAnswer, OfferedAnswer, OfferedOption};
pub use see_symptom_check::{
    CheckedPerson, Onward, SeeSymptomCheck, SymptomCheckFile, SymptomCheckStage, SymptomOutcome, Withdrawal,
    pathway_title,
};

use query_engine::{QueryEntry, entry};

/// With every answer about symptoms. The demonstration pathways were approved by no clinician.
pub const NOT_FOR_CLINICAL_USE: &str = "Not for clinical use: these questions are a demonstration, and no clinician has approved \
    them. If you are worried, call 111, or 999 in an emergency.";

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![entry::<ListPathways>(), entry::<ListSymptomChecks>(), entry::<SeeSymptomCheck>()]
}
