use event_core::{OrganisationCode, time::LocalTime};
use vocabulary::{
    SessionId,
    appointments::{BookedPlace, Channel, Practitioner, SessionAmended, SessionPublished},
    bookings_version::BookingsVersion,
};

use super::strict::{StrictPractitioner, StrictPractitionersDay};
use super::{
    practitioner_day::PractitionerDay,
    publish_session::PublishSession,
    rejections::{
        BOOKINGS_AFFECTED, BOOKINGS_CHANGED, BOOKINGS_PENDING, LIMIT_REACHED, OVERLAPPING_SESSION, SESSION_INVALID,
        SESSION_NOT_FOUND,
    },
    session::{Clinic, Session},
    session_limits::{check_slots, invalid},
};
use crate::prelude::*;

/// Change a clinic session: its times on the same day, the length of its slots, their capacity, the channel and the
/// practitioner. Holds on its slots end.
///
/// A booking stays if its slots, their length and its channel stay. If some do not, the refusal `bookings-affected` names
/// the version of the session's list of bookings. The command with that version as `affected` changes the session: the
/// bookings that no longer fit become orphaned, and their patients may book again. A session that has begun keeps its start
/// and the length of its slots. It is changed 50 times at most.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AmendSession {
    pub session: SessionId,
    /// The start, in London time.
    pub from: LocalTime,
    pub until: LocalTime,
    /// The length of a slot: 1 to 480 minutes.
    #[schemars(range(min = 1, max = 480))]
    pub slot_minutes: u16,
    /// The number of patients that can have the same slot: 1 to 100. Where it is reduced, the latest bookings no longer fit.
    #[schemars(range(min = 1, max = 100))]
    pub capacity: u16,
    pub channel: Channel,
    #[serde(with = "StrictPractitioner")]
    #[schemars(with = "StrictPractitioner")]
    pub practitioner: Practitioner,
    /// The version of the session's list of bookings that the caller has seen. Left out if all bookings still fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<BookingsVersion>,
    /// The practitioner's code and the day with which the session was published. Left out if it was published without a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practitioner_day: Option<StrictPractitionersDay>,
}

impl Command for AmendSession {
    const NAME: &'static str = "amend-session";
    const WHO: &'static dyn AccessRule = &staff(Permission::Clinics);
    const REJECTIONS: &'static [&'static Rejection] = &[
        &SESSION_NOT_FOUND,
        &SESSION_INVALID,
        &OVERLAPPING_SESSION,
        &BOOKINGS_PENDING,
        &LIMIT_REACHED,
        &BOOKINGS_AFFECTED,
        &BOOKINGS_CHANGED,
    ];
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
        let clinic = session.clinic()?;
        let plan = self.planned(clinic)?;
        if plan == *clinic.details {
            return Ok(nothing_new());
        }
        let before = clinic.details.timetable.clone();
        let begun = before.starts_at <= context.now;
        if begun && (plan.timetable.starts_at, plan.timetable.slot_minutes) != (before.starts_at, before.slot_minutes) {
            return Err(invalid("a session that has begun keeps its start and the length of its slots"));
        }
        let has_to_come = if begun { plan.timetable.ends_at } else { plan.timetable.starts_at };
        if has_to_come <= context.now {
            return Err(invalid("it has to begin and end in the future"));
        }
        let in_day = planned.replanned(&plan, self.practitioner_day.as_ref())?;
        clinic.may_be_amended()?;
        let orphaned = clinic.misfits(&plan, context.now);
        clinic.confirmed(&orphaned, self.affected.as_ref())?;
        let stay = |place: &BookedPlace| !orphaned.contains(place);
        let replaced = plan.practitioner != clinic.details.practitioner;
        let taken_over = if replaced { clinic.coming(context.now).into_iter().filter(stay).collect() } else { vec![] };
        Ok(record(SessionAmended {
            session: plan.session,
            on: plan.on,
            from: plan.from,
            until: plan.until,
            before,
            timetable: plan.timetable,
            capacity: plan.capacity,
            service: plan.service,
            channel: plan.channel,
            practitioner: plan.practitioner,
            orphaned,
            taken_over,
            released_at: plan.released_at,
        })
        .and_all(in_day))
    }
}

impl AmendSession {
    /// The session after this change, if it could be published like that.
    fn planned(&self, clinic: &Clinic) -> Result<SessionPublished, Rejected> {
        let plan = PublishSession {
            session: self.session.clone(),
            on: clinic.details.on,
            from: self.from,
            until: self.until,
            slot_minutes: self.slot_minutes,
            capacity: self.capacity,
            service: clinic.details.service.clone(),
            channel: self.channel,
            practitioner: self.practitioner.clone(),
            practitioner_id: clinic.details.practitioner_id.clone(),
            released_at: clinic.details.released_at,
        };
        let plan = plan.published()?;
        check_slots(&plan.timetable)?;
        Ok(plan)
    }
}

#[cfg(test)]
mod specs {
    use event_core::SubjectId;
    use vocabulary::appointments::{SessionEvent, Timetable};

    use super::*;
    use crate::{
        appointments::{BookAppointment, rejections::SLOT_NOT_FOUND, session::AMENDMENTS_MAX},
        spec::*,
    };

    const AMENDED: [&str; 1] = ["appointment.session-amended.v1"];

    /// The session as it is: three slots of ten minutes from nine o'clock.
    fn same() -> AmendSession {
        AmendSession {
            session: clinic(),
            from: "09:00".parse().expect("a time"),
            until: "09:30".parse().expect("a time"),
            slot_minutes: 10,
            capacity: 1,
            channel: Channel::InPerson,
            practitioner: practitioner(),
            affected: None,
            practitioner_day: None,
        }
    }

    fn until(time: &str) -> AmendSession {
        AmendSession { until: time.parse().expect("a time"), ..same() }
    }

    fn seeing(command: AmendSession, places: &[(&str, SubjectId)]) -> AmendSession {
        let places = places.iter().map(|(start, by)| (at(start), *by));
        AmendSession { affected: Some(BookingsVersion::of(places)), ..command }
    }

    fn both_booked() -> World {
        surgery().given(taken(NINE, alice())).given(taken(TEN_PAST, bob()))
    }

    const BOTH: fn() -> [(&'static str, SubjectId); 2] = || [(NINE, alice()), (TEN_PAST, bob())];

    /// The slots whose bookings no longer fit after this change.
    fn affected(world: World, command: AmendSession) -> serde_json::Value {
        world.when(command).rejected_with(&BOOKINGS_AFFECTED)["startsAt"].clone()
    }

    #[test]
    fn a_session_is_changed_once_and_its_new_slots_are_booked() {
        let longer = AmendSession { slot_minutes: 15, ..until("10:00") };
        let amended = surgery().when(longer.clone()).records_kinds(&AMENDED).when(longer).nothing_new();
        let book = |slot: &str| BookAppointment {
            session: clinic(),
            starts_at: at(slot),
            more_slots: vec![],
            patient: alice(),
            reason: None,
            comment: None,
            confirms_hold: false,
        };
        amended.clone().when(book(TEN_PAST)).rejected(&SLOT_NOT_FOUND);
        let kinds = ["appointment.slot-taken.v1", "appointment.booked.v1"];
        amended.when(book("2026-03-09T09:45:00Z")).records_kinds(&kinds);
        surgery().when(same()).nothing_new();
        world().when(same()).rejected(&SESSION_NOT_FOUND);
    }

    #[test]
    fn a_session_that_shrinks_orphans_the_bookings_that_no_longer_fit() {
        both_booked().when(until("09:20")).records_kinds(&AMENDED);
        assert_eq!(affected(both_booked(), until("09:10")), serde_json::json!([TEN_PAST]));
        let amended: SessionEvent = SessionAmended {
            session: clinic(),
            on: "2026-03-09".parse().expect("a date"),
            from: "09:00".parse().expect("a time"),
            until: "09:10".parse().expect("a time"),
            before: Timetable { starts_at: at(NINE), ends_at: at("2026-03-09T09:30:00Z"), slot_minutes: 10 },
            timetable: Timetable { starts_at: at(NINE), ends_at: at(TEN_PAST), slot_minutes: 10 },
            capacity: 1,
            service: "gp-routine".parse().expect("a service"),
            channel: Channel::InPerson,
            practitioner: practitioner(),
            orphaned: vec![BookedPlace { starts_at: at(TEN_PAST), by: bob() }],
            taken_over: vec![],
            released_at: None,
        }
        .into();
        both_booked().when(seeing(until("09:10"), &BOTH())).records(&[&amended]);
    }

    #[test]
    fn slots_of_another_length_or_channel_fit_no_booking() {
        let all = serde_json::json!([NINE, TEN_PAST]);
        assert_eq!(affected(both_booked(), AmendSession { slot_minutes: 5, ..same() }), all);
        assert_eq!(affected(both_booked(), AmendSession { channel: Channel::Video, ..same() }), all);
        let shifted = AmendSession { from: "09:05".parse().expect("a time"), ..same() };
        assert_eq!(affected(both_booked(), shifted), all);
    }

    #[test]
    fn of_a_smaller_capacity_the_latest_bookings_do_not_fit() {
        let two_rooms = world().given(practice_opened(Default::default())).given(published(clinic(), 2));
        let booked = two_rooms.given(taken(NINE, bob())).given(taken(NINE, alice())).given(taken(TEN_PAST, bob()));
        let details = booked.clone().when(same()).rejected_with(&BOOKINGS_AFFECTED);
        assert_eq!((&details["bookings"], &details["startsAt"]), (&1.into(), &serde_json::json!([NINE])));
        let list = [(NINE, bob()), (NINE, alice()), (TEN_PAST, bob())];
        booked.when(seeing(same(), &list)).records_kinds(&AMENDED);
    }

    #[test]
    fn a_list_of_bookings_that_has_changed_since_is_stale_for_a_change() {
        both_booked().when(seeing(until("09:10"), &[(NINE, alice())])).rejected(&BOOKINGS_CHANGED);
    }

    #[test]
    fn another_practitioner_takes_over_the_bookings_that_stay() {
        let other = Practitioner { name: line("Dr Other"), ..practitioner() };
        let covered = AmendSession { practitioner: other.clone(), ..until("09:10") };
        let timetable = |until| Timetable { starts_at: at(NINE), ends_at: at(until), slot_minutes: 10 };
        let place = |start, by| BookedPlace { starts_at: at(start), by };
        let amended: SessionEvent = SessionAmended {
            session: clinic(),
            on: "2026-03-09".parse().expect("a date"),
            from: "09:00".parse().expect("a time"),
            until: "09:10".parse().expect("a time"),
            before: timetable("2026-03-09T09:30:00Z"),
            timetable: timetable(TEN_PAST),
            capacity: 1,
            service: "gp-routine".parse().expect("a service"),
            channel: Channel::InPerson,
            practitioner: other,
            orphaned: vec![place(TEN_PAST, bob())],
            taken_over: vec![place(NINE, alice())],
            released_at: None,
        }
        .into();
        both_booked().when(seeing(covered, &BOTH())).records(&[&amended]);
    }

    #[test]
    fn a_changed_session_has_to_be_one_that_could_be_published_and_lies_in_the_future() {
        surgery().when(until("09:05")).rejected(&SESSION_INVALID);
        surgery().when(AmendSession { capacity: 0, ..same() }).rejected(&SESSION_INVALID);
        surgery().when(AmendSession { slot_minutes: 1, ..until("13:00") }).rejected(&SESSION_INVALID);
        surgery()
            .at("2026-03-09T08:45:00Z")
            .when(AmendSession { from: "08:40".parse().expect("a time"), ..same() })
            .rejected(&SESSION_INVALID);
        surgery().at("2026-03-09T09:20:00Z").when(until("09:20")).rejected(&SESSION_INVALID);
    }

    #[test]
    fn a_session_that_has_begun_keeps_its_start_and_its_slots() {
        let begun = both_booked().at("2026-03-09T09:05:00Z");
        begun.clone().when(AmendSession { slot_minutes: 5, ..same() }).rejected(&SESSION_INVALID);
        begun
            .clone()
            .when(AmendSession { from: "09:10".parse().expect("a time"), ..same() })
            .rejected(&SESSION_INVALID);
        assert_eq!(affected(begun, until("09:10")), serde_json::json!([TEN_PAST]));
    }

    #[test]
    fn the_next_change_waits_until_the_bookings_of_the_last_one_are_orphaned() {
        let amended = both_booked().when(seeing(until("09:10"), &BOTH())).records_kinds(&AMENDED);
        amended.clone().when(until("09:40")).rejected(&BOOKINGS_PENDING);
        let freed = vocabulary::appointments::SlotFreed { session: clinic(), starts_at: at(TEN_PAST), by: bob() };
        amended.given(freed).when(until("09:40")).records_kinds(&AMENDED);
    }

    #[test]
    fn a_changed_session_does_not_overlap_another_one_of_its_practitioner() {
        let (planned, day) = planned_before(at("2026-03-09T09:40:00Z"));
        let named = |time| AmendSession { practitioner_day: Some(day.clone()), ..until(time) };
        planned.clone().when(until("09:40")).rejected(&SESSION_INVALID);
        planned.clone().when(named("09:50")).rejected(&OVERLAPPING_SESSION);
        planned.when(named("09:40")).records_kinds(&[AMENDED[0], "practitioner.planned.v1"]);
    }

    #[test]
    fn a_session_is_changed_50_times_at_most() {
        let ends = ["09:40", "09:30"];
        let full = (0..AMENDMENTS_MAX)
            .fold(surgery(), |world, n| world.when(until(ends[usize::from(n % 2)])).records_kinds(&AMENDED));
        full.when(until("09:40")).rejected(&LIMIT_REACHED);
    }
}
