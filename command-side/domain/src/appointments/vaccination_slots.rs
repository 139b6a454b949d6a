//! Appointments of vaccination programmes: only their own command books them, because it asks the programme.

use event_core::Rejected;
use vocabulary::{appointments::ServiceType, vaccinations::ProgrammeId};

use super::rejections::BOOK_BY_PROGRAMME;

/// Checks that a service is of no programme.
///
/// # Errors
/// `book-by-programme`.
pub fn has_no_programme(service: &ServiceType) -> Result<(), Rejected> {
    if ProgrammeId::of_service(service).is_none() { Ok(()) } else { Err((&BOOK_BY_PROGRAMME).into()) }
}
