//! The queries of organ donation.

mod list_organ_donation_history;
mod see_organ_donation;

use list_organ_donation_history::ListOrganDonationHistory;
use see_organ_donation::SeeOrganDonation;

use query_engine::{QueryEntry, entry};

/// A new query of this service is one line here.
pub fn all() -> Vec<QueryEntry> {
    vec![entry::<SeeOrganDonation>(), entry::<ListOrganDonationHistory>()]
}
