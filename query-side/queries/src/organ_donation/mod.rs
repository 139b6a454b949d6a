//! The queries of organ donation.

mod list_organ_donation_history;
mod see_organ_donation;

pub use list_organ_donation_history::ListOrganDonationHistory;
pub use see_organ_donation::{Change, OrganDonation, SeeOrganDonation};

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub(crate) fn all() -> Vec<QueryEntry> {
    vec![entry::<SeeOrganDonation>(), entry::<ListOrganDonationHistory>()]
}
