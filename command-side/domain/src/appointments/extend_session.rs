use event_core::{OrganisationCode, time::LocalTime};
use vocabulary::{
    SessionId,
    appointments::{SessionExtended, SessionPublished, Timetable},
    time::LONDON,
};

use super::{
    practitioner_day::PractitionerDay,
    rejections::{LIMIT_REACHED, OVERLAPPING_SESSION, SESSION_INVALID, SESSION_NOT_FOUND},
    session::Session,
    session_limits::{check_places, check_slots, invalid},
    strict::StrictPractitionersDay,
};
use crate::prelude::*;

/// Let a clinic session end later, so that it has more slots. The existing slots stay as they are.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExtendSession {
    pub session: SessionId,
    /// The new end, in London time: later than before, on the same day.
    pub until: LocalTime,
    /// The practitioner's code and the day with which the session was published. Left out if it was published without a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practitioner_day: Option<StrictPractitionersDay>,
}

impl Command for ExtendSession {
    const NAME: &'static str = "extend-session";
    const WHO: &'static dyn AccessRule = &staff(Permission::Clinics);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&SESSION_NOT_FOUND, &SESSION_INVALID, &OVERLAPPING_SESSION, &LIMIT_REACHED];
    type Reads = (Session, PractitionerDay);

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        let day = self.practitioner_day.as_ref();
        let day = day.map_or_else(PractitionerDay::unknown, |day| PractitionerDay::of(&day.practitioner, day.on));
        (Stream::of(&self.session), day)
    }

    fn decide(&self, (session, planned): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let details = &session.clinic()?.details;
        if self.until == details.until {
            return Ok(nothing_new());
        }
        let ends_at =
            LONDON.instant_of(details.on, self.until).map_err(|fault| invalid(&format!("{}: {fault}", self.until)))?;
        if ends_at <= details.timetable.ends_at {
            return Err(invalid("it has to end later than it does now"));
        }
        if ends_at <= context.now {
            return Err(invalid("it has to end in the future"));
        }
        let whole = Timetable { ends_at, ..details.timetable.clone() };
        check_slots(&whole)?;
        check_places(&whole, details.capacity)?;
        let Some(starts_at) = whole.slots().nth(details.timetable.slots().count()) else {
            return Err(invalid("not one more slot fits before that end"));
        };
        let longer = SessionPublished { timetable: whole.clone(), ..(**details).clone() };
        let plan = planned.replanned(&longer, self.practitioner_day.as_ref())?;
        let added = Timetable { starts_at, ..whole };
        Ok(record(SessionExtended {
            session: self.session.clone(),
            until: self.until,
            added,
            capacity: details.capacity,
            service: details.service.clone(),
            channel: details.channel,
            practitioner: details.practitioner.clone(),
            released_at: details.released_at,
        })
        .and_all(plan))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{SessionEvent, SessionWithdrawn};

    use super::*;
    use crate::{
        appointments::{
            BookAppointment, WithdrawSession,
            rejections::{SLOT_NOT_FOUND, SLOT_TAKEN},
        },
        spec::*,
    };

    const EXTENDED: [&str; 1] = ["appointment.session-extended.v1"];
    const HALF_PAST: &str = "2026-03-09T09:30:00Z";

    /// The session ends at half past nine, after three slots of ten minutes.
    fn until(time: &str) -> ExtendSession {
        ExtendSession { session: clinic(), until: time.parse().expect("a time"), practitioner_day: None }
    }

    fn table(from: &str, until: &str) -> Timetable {
        Timetable { starts_at: at(from), ends_at: at(until), slot_minutes: 10 }
    }

    fn book(slot: &str) -> BookAppointment {
        let (session, starts_at, patient) = (clinic(), at(slot), alice());
        let (more_slots, reason, comment, confirms_hold) = (vec![], None, None, false);
        BookAppointment { session, starts_at, more_slots, patient, reason, comment, confirms_hold }
    }

    #[test]
    fn the_slots_that_are_added_can_be_booked_and_the_earlier_ones_stay() {
        surgery().when(book(HALF_PAST)).rejected(&SLOT_NOT_FOUND);
        let extended = surgery().given(taken(NINE, bob())).when(until("09:40")).records_kinds(&EXTENDED);
        let again = extended.when(until("09:40")).nothing_new();
        again.clone().when(book(HALF_PAST)).records_kinds(&["appointment.slot-taken.v1", "appointment.booked.v1"]);
        again.when(book(NINE)).rejected(&SLOT_TAKEN);
    }

    #[test]
    fn what_is_added_begins_where_the_last_slot_ends_and_says_all_that_its_rows_need() {
        // 09:40 to 09:50 does not fit before 09:45.
        let until_45 = surgery().when(until("09:45")).records_kinds(&EXTENDED);
        let expected = SessionExtended {
            session: clinic(),
            until: "09:50".parse().expect("a time"),
            added: table("2026-03-09T09:40:00Z", "2026-03-09T09:50:00Z"),
            capacity: 1,
            service: "gp-routine".parse().expect("a service"),
            channel: vocabulary::appointments::Channel::InPerson,
            practitioner: practitioner(),
            released_at: None,
        };
        until_45.when(until("09:50")).records(&[&SessionEvent::from(expected)]);
    }

    #[test]
    fn it_ends_later_than_before_and_in_the_future_and_has_room_for_one_more_slot() {
        for no_end in ["09:20", "09:39"] {
            surgery().when(until(no_end)).rejected(&SESSION_INVALID);
        }
        surgery().at("2026-03-09T10:00:00Z").when(until("09:50")).rejected(&SESSION_INVALID);
        surgery().at("2026-03-09T09:35:00Z").when(until("09:50")).records_kinds(&EXTENDED);
    }

    #[test]
    fn a_longer_session_does_not_overlap_the_next_one_of_its_practitioner() {
        let (planned, day) = planned_before(at("2026-03-09T09:40:00Z"));
        let named = |time| ExtendSession { practitioner_day: Some(day.clone()), ..until(time) };
        planned.clone().when(until("09:40")).rejected(&SESSION_INVALID);
        surgery().when(named("09:40")).rejected(&SESSION_INVALID);
        planned.clone().when(named("09:50")).rejected(&OVERLAPPING_SESSION);
        planned.when(named("09:40")).records_kinds(&["appointment.session-extended.v1", "practitioner.planned.v1"]);
    }

    #[test]
    fn a_session_has_200_slots_at_most() {
        // From 09:00: 199 slots end at 18:57, 200 at 19:00.
        let SessionEvent::Published(mut session) = published(clinic(), 1) else { panic!("it is published") };
        session.timetable.slot_minutes = 3;
        let world = world().given(session);
        let why = world.clone().when(until("19:03")).rejected_with(&SESSION_INVALID);
        assert_eq!(why["why"], "a session has 200 slots at most");
        world.when(until("19:00")).records_kinds(&EXTENDED);
    }

    #[test]
    fn a_session_that_is_withdrawn_takes_the_added_slots_with_it() {
        world().when(until("10:00")).rejected(&SESSION_NOT_FOUND);
        let extended = surgery().when(until("10:00")).records_kinds(&EXTENDED);
        let withdrawn = SessionWithdrawn {
            session: clinic(),
            timetable: table(NINE, "2026-03-09T10:00:00Z"),
            orphaned: vec![],
            freed: None,
        };
        let gone = extended
            .when(WithdrawSession { session: clinic(), affected: None })
            .records(&[&SessionEvent::from(withdrawn)]);
        gone.when(until("11:00")).rejected(&SESSION_NOT_FOUND);
    }
}
