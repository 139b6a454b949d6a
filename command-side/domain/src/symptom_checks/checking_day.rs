//! The number of symptom checks that one person has started on one day.

use event_core::{LocalDate, Rejected, State, Stream, SubjectId};
use vocabulary::symptom_checks::CheckingEvent;

use super::rejections::TOO_MANY_CHECKS;

/// The number of symptom checks that one person may start on one day (in London). Each is a stream, so without a limit one
/// person could fill the log.
pub const CHECKS_A_DAY_MAX: u32 = 20;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckingDay {
    checks: u32,
}

impl State for CheckingDay {
    type Event = CheckingEvent;

    fn evolve(&mut self, event: &CheckingEvent) {
        match event {
            CheckingEvent::Counted(_) => self.checks = self.checks.saturating_add(1),
        }
    }
}

impl CheckingDay {
    pub fn of(subject: SubjectId, day: LocalDate) -> Stream<CheckingDay> {
        Stream::of(format_args!("{subject}.{day}"))
    }

    /// # Errors
    /// `too-many-checks`.
    pub fn may_start(&self) -> Result<(), Rejected> {
        if self.checks < CHECKS_A_DAY_MAX { Ok(()) } else { Err(TOO_MANY_CHECKS.with("limit", CHECKS_A_DAY_MAX)) }
    }
}
