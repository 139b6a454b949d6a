//! The day in the address of a session's pages, and the session.

use event_core::LocalDate;
use page_engine::{PageError, Pages, Visitor};
use queries::appointments::{ClinicSession, SeeClinicSession};
use query_engine::QueryError;
use serde::Deserialize;
use vocabulary::SessionId;

use super::{
    clinic::{ClinicDetails, ClinicOfDay},
    day_slots::DaySlots,
};

/// The day of a session, in the address of its pages.
#[derive(Deserialize)]
pub struct SessionDay {
    pub date: LocalDate,
}

impl SessionDay {
    /// The address of the sessions of the day.
    pub fn address(&self) -> String {
        format!("/desk/sessions?date={}", self.date)
    }

    /// The session, and whether the answer may lack recent events. There are no details if the session is not among
    /// the first slots of the day, or was withdrawn.
    ///
    /// # Errors
    /// If the visitor may not see the day, or the query fails.
    pub async fn find(
        &self,
        pages: &Pages,
        visitor: &Visitor,
        session: &SessionId,
    ) -> Result<(Option<ClinicDetails>, bool), PageError> {
        let read = DaySlots::read(pages, visitor, self.date, None).await?;
        let clinics = ClinicOfDay::all(&read.slots);
        let found = clinics.iter().find(|clinic| clinic.session == session);
        Ok((found.map(ClinicOfDay::details), read.stale))
    }
}

/// The session as it is now, after all events; `None` if it was withdrawn.
///
/// # Errors
/// If the visitor may not see it, or the query fails.
pub async fn see(pages: &Pages, visitor: &Visitor, session: &SessionId) -> Result<Option<ClinicSession>, PageError> {
    match pages.ask(&visitor.up_to_date(), &SeeClinicSession { session: session.clone() }).await {
        Ok(found) => Ok(Some(found.answer)),
        Err(QueryError::Rejected(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
