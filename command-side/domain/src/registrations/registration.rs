//! Rules about a registration.

use event_core::{OrganisationCode, Rejected};
use vocabulary::registrations::Registration;

use super::rejections::NOT_REGISTERED_HERE;

/// # Errors
/// `not-registered-here`.
pub fn has_to_be_at(registration: &Registration, practice: &OrganisationCode) -> Result<(), Rejected> {
    if registration.practice() == Some(practice) { Ok(()) } else { Err((&NOT_REGISTERED_HERE).into()) }
}
