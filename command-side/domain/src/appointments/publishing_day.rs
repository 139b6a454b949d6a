//! The number of sessions that a site has published on one day.

use event_core::{LocalDate, OrganisationCode, Rejected, State, Stream};
use vocabulary::appointments::PublishingEvent;

use super::rejections::LIMIT_REACHED;

/// The number of sessions that a site may publish on one day (in London), including sessions that it withdraws again.
/// Read models follow the log in order, so bookings at other practices become visible only after the sessions that
/// precede them in the log. 500 sessions of 200 slots are 100,000 rows in each of two read models: about half a minute
/// of work for an unoptimised build on a busy machine. A practice of thirty clinicians with two sessions a day can
/// publish eight days at once.
pub const SESSIONS_A_DAY_MAX: u32 = 500;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PublishingDay {
    sessions: u32,
}

impl State for PublishingDay {
    type Event = PublishingEvent;

    fn evolve(&mut self, event: &PublishingEvent) {
        match event {
            PublishingEvent::Counted(_) => self.sessions = self.sessions.saturating_add(1),
        }
    }
}

impl PublishingDay {
    pub fn of(site: &OrganisationCode, day: LocalDate) -> Stream<PublishingDay> {
        Stream::of(format_args!("{site}.{day}"))
    }

    /// Checks the daily limit of published sessions.
    ///
    /// # Errors
    /// `limit-reached`.
    pub fn may_publish(&self) -> Result<(), Rejected> {
        if self.sessions < SESSIONS_A_DAY_MAX {
            Ok(())
        } else {
            Err(LIMIT_REACHED.with("limit", SESSIONS_A_DAY_MAX).with("of", "sessions published a day"))
        }
    }
}
