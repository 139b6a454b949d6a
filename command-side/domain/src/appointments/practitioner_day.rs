//! The clinic sessions of one practitioner on one day, which do not overlap.

use event_core::{LocalDate, Rejected, State, Stream, Timestamp};
use vocabulary::{
    PractitionerId, SessionId,
    appointments::{PractitionerEvent, PractitionerPlanned, SessionPublished, Timetable},
};

use super::{
    rejections::{LIMIT_REACHED, OVERLAPPING_SESSION},
    session_limits::{invalid, plan_of},
    strict::StrictPractitionersDay,
};

/// The number of times that the sessions of one practitioner's day may be planned. Their stream holds 10,000 events, and
/// ending a session has no limit: together they are fewer than 4,000.
pub const PLANS_A_DAY_MAX: u32 = 2_000;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PractitionerDay {
    sessions: Vec<(SessionId, Timestamp, Timestamp)>,
    plans: u32,
}

impl State for PractitionerDay {
    type Event = PractitionerEvent;

    fn evolve(&mut self, event: &PractitionerEvent) {
        match event {
            PractitionerEvent::Planned(planned) => {
                self.sessions.retain(|(session, ..)| *session != planned.session);
                self.sessions.push((planned.session.clone(), planned.starts_at, planned.ends_at));
                self.plans = self.plans.saturating_add(1);
            }
            PractitionerEvent::Freed(freed) => self.sessions.retain(|(session, ..)| *session != freed.session),
        }
    }
}

impl PractitionerDay {
    /// The stream that a command about a session without a practitioner's code reads. Nothing is ever stored on it, because
    /// codes are in upper case.
    pub fn unknown() -> Stream<PractitionerDay> {
        Stream::of("unknown")
    }

    pub fn of(practitioner: &PractitionerId, on: LocalDate) -> Stream<PractitionerDay> {
        Stream::of(format_args!("{practitioner}.{on}"))
    }

    /// The time of a session that changes, in its practitioner's day. A session's code is not part of its id, so the caller
    /// names the day.
    ///
    /// # Errors
    /// `session-invalid`, `overlapping-session`, `limit-reached`.
    pub fn replanned(
        &self,
        session: &SessionPublished,
        named: Option<&StrictPractitionersDay>,
    ) -> Result<Option<PractitionerPlanned>, Rejected> {
        let named = named.map(|named| (&named.practitioner, named.on));
        let own = session.practitioner_id.as_ref().map(|practitioner| (practitioner, session.on));
        if named != own {
            return Err(invalid("practitionerDay has to be the practitioner and the day with which it was published"));
        }
        if own.is_some() {
            self.has_time_for(&session.session, &session.timetable)?;
        }
        Ok(plan_of(session))
    }

    pub fn has(&self, session: &SessionId) -> bool {
        self.sessions.iter().any(|(own, ..)| own == session)
    }

    /// Checks that the practitioner has time for this session.
    ///
    /// # Errors
    /// `overlapping-session`, `limit-reached`.
    pub fn has_time_for(&self, session: &SessionId, timetable: &Timetable) -> Result<(), Rejected> {
        let overlaps = |(other, starts_at, ends_at): &(SessionId, Timestamp, Timestamp)| {
            other != session && *starts_at < timetable.ends_at && timetable.starts_at < *ends_at
        };
        if let Some((other, ..)) = self.sessions.iter().find(|own| overlaps(own)) {
            // The session may be of another site, so it is named only to its own.
            let refused = Rejected::from(&OVERLAPPING_SESSION);
            return Err(if other.site() == session.site() {
                refused.with("session", other.to_string())
            } else {
                refused
            });
        }
        if self.plans >= PLANS_A_DAY_MAX {
            return Err(LIMIT_REACHED.with("limit", PLANS_A_DAY_MAX).with("of", "plans of one practitioner's day"));
        }
        Ok(())
    }
}
