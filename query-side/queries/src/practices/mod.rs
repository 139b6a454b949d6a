//! The queries of practices, and a practice as other services' answers name it.

mod list_practices;
mod see_practice;
mod site;

pub use list_practices::{ListPractices, PracticeDetails};
pub use see_practice::SeePractice;
pub use site::Site;
pub(crate) use site::{Sites, practice};

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![entry::<ListPractices>(), entry::<SeePractice>()]
}
