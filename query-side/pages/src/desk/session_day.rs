//! The day in the address of a session's pages. The day's query is the one that shows a session.

use event_core::LocalDate;
use page_engine::{PageError, Pages, Visitor};
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
    /// If the visitor may not see the day, or there is no answer.
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
