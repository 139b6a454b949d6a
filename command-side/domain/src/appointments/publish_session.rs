use event_core::{LocalDate, OrganisationCode, Timestamp, time::LocalTime};
use vocabulary::{
    PractitionerId, SessionId,
    appointments::{Channel, Practitioner, ServiceType, SessionCounted, SessionPublished, Timetable},
    practices::PRACTICE_NOT_FOUND,
    time::LONDON,
};

use super::strict::StrictPractitioner;
use super::{
    practitioner_day::PractitionerDay,
    publishing_day::PublishingDay,
    rejections::{LIMIT_REACHED, OVERLAPPING_SESSION, SESSION_EXISTS, SESSION_INVALID},
    session::Session,
    session_limits::{check_places, check_slots, invalid, plan_of},
};
use crate::{practices::Practice, prelude::*};

/// The number of days ahead that a session can be published.
pub const DAYS_AHEAD_MAX: i64 = 365;
/// The maximum number of patients in one slot.
pub const CAPACITY_MAX: u16 = 100;
/// Publish a clinic session, so that its slots can be booked.
///
/// A site publishes at most 500 sessions a day, from midnight to midnight in London.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishSession {
    /// The session's new id: the site's code, a dot, and 12 random characters of Crockford base32.
    pub session: SessionId,
    /// The day, in London: from tomorrow to 365 days ahead.
    pub on: LocalDate,
    /// The start, in London time.
    pub from: LocalTime,
    pub until: LocalTime,
    /// The length of a slot: 1 to 480 minutes.
    #[schemars(range(min = 1, max = 480))]
    pub slot_minutes: u16,
    /// The number of patients that can have the same slot: 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub capacity: u16,
    pub service: ServiceType,
    pub channel: Channel,
    #[serde(with = "StrictPractitioner")]
    #[schemars(with = "StrictPractitioner")]
    pub practitioner: Practitioner,
    /// The practitioner's code. Sessions with the same code do not overlap, also at different sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practitioner_id: Option<PractitionerId>,
    /// When its slots are released: before, patients neither see nor book them. At the latest when the session starts.
    /// Sessions of one day can be released one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
}

impl Command for PublishSession {
    const NAME: &'static str = "publish-session";
    const WHO: &'static dyn AccessRule = &staff(Permission::Clinics);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&PRACTICE_NOT_FOUND, &SESSION_EXISTS, &SESSION_INVALID, &OVERLAPPING_SESSION, &LIMIT_REACHED];
    type Reads = (Session, Practice, PublishingDay, PractitionerDay);

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.session.site())
    }

    fn streams(&self, context: &Context) -> Streams<Self> {
        let site = self.session.site();
        let today = PublishingDay::of(&site, LONDON.day(context.now));
        let code = self.practitioner_id.as_ref();
        let practitioner = code.map_or_else(PractitionerDay::unknown, |code| PractitionerDay::of(code, self.on));
        (Stream::of(&self.session), Stream::of(site), today, practitioner)
    }

    fn decide(
        &self,
        (session, practice, publishing, planned): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        practice.settings()?;
        let published = self.published()?;
        match session {
            Session::Open(clinic) if *clinic.details == published => Ok(nothing_new()),
            Session::Open(_) | Session::Withdrawn(_) => Err((&SESSION_EXISTS).into()),
            Session::Unpublished => {
                let today = LONDON.day(context.now);
                let days = self.on.days_since(today);
                if !(1..=DAYS_AHEAD_MAX).contains(&days) {
                    return Err(invalid("the day has to be tomorrow at the earliest and in 365 days at the latest"));
                }
                check_slots(&published.timetable)?;
                publishing.may_publish()?;
                planned.has_time_for(&self.session, &published.timetable)?;
                let (site, session) = (self.session.site(), self.session.clone());
                let plan = plan_of(&published);
                Ok(record(published).and(SessionCounted { site, on: today, session }).and_all(plan))
            }
        }
    }
}

impl PublishSession {
    /// The session that this command publishes, if the rules that look at the command alone permit it.
    ///
    /// # Errors
    /// `session-invalid`.
    pub fn published(&self) -> Result<SessionPublished, Rejected> {
        if !(1..=480).contains(&self.slot_minutes) {
            return Err(invalid("a slot has 1 to 480 minutes"));
        }
        if !(1..=CAPACITY_MAX).contains(&self.capacity) {
            return Err(invalid("a slot is for 1 to 100 patients"));
        }
        if self.from >= self.until {
            return Err(invalid("it has to begin before it ends"));
        }
        // A civil time that the clocks skip or repeat is rejected rather than guessed.
        let instant = |time| LONDON.instant_of(self.on, time).map_err(|fault| invalid(&format!("{time}: {fault}")));
        let timetable = Timetable {
            starts_at: instant(self.from)?,
            ends_at: instant(self.until)?,
            slot_minutes: self.slot_minutes,
        };
        if timetable.slots().next().is_none() {
            return Err(invalid("not one slot fits between its start and its end"));
        }
        check_places(&timetable, self.capacity)?;
        if self.released_at.is_some_and(|released_at| released_at > timetable.starts_at) {
            return Err(invalid("its slots have to be released before it starts"));
        }
        Ok(SessionPublished {
            session: self.session.clone(),
            on: self.on,
            from: self.from,
            until: self.until,
            zone: LONDON.name().into(),
            timetable,
            capacity: self.capacity,
            service: self.service.clone(),
            channel: self.channel,
            practitioner: self.practitioner.clone(),
            practitioner_id: self.practitioner_id.clone(),
            released_at: self.released_at,
        })
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{PublishingEvent, SessionEvent};

    use super::*;
    use crate::{
        appointments::{FreePractitioner, WithdrawSession, publishing_day::SESSIONS_A_DAY_MAX},
        spec::*,
    };

    const GRANTED: [&str; 2] = ["appointment.session-published.v1", "publishing.session-counted.v1"];

    fn publish(on: &str, from: &str, until: &str) -> PublishSession {
        PublishSession {
            session: clinic(),
            on: on.parse().expect("valid"),
            from: from.parse().expect("valid"),
            until: until.parse().expect("valid"),
            slot_minutes: 10,
            capacity: 1,
            service: "gp-routine".parse().expect("valid"),
            channel: Channel::InPerson,
            practitioner: practitioner(),
            practitioner_id: None,
            released_at: None,
        }
    }

    fn practice() -> World {
        world().given(practice_opened(Default::default()))
    }

    fn session(number: u32) -> SessionId {
        format!("A12345.{number:012}").parse().expect("valid")
    }

    fn counted(number: u32) -> PublishingEvent {
        SessionCounted { site: site(), on: LONDON.day(at(NOW)), session: session(number) }.into()
    }

    /// The practice, at noon on another day.
    fn practice_on(day: &str) -> World {
        practice().at(&format!("{day}T12:00:00Z"))
    }

    fn slots_of(on: &str, from: &str, until: &str) -> usize {
        publish(on, from, until).published().map(|published| published.timetable.slots().count()).unwrap_or_default()
    }

    #[test]
    fn a_session_is_published_once() {
        let three_slots: SessionEvent = published(clinic(), 1);
        let nine = || publish("2026-03-09", "09:00", "09:30");
        let there = practice().when(nine()).records(&[&three_slots, &counted(1)]).when(nine()).nothing_new();
        there.clone().when(publish("2026-03-09", "09:00", "10:00")).rejected(&SESSION_EXISTS);
        let withdrawn = there
            .when(WithdrawSession { session: clinic(), affected: None })
            .records_kinds(&["appointment.session-withdrawn.v1"]);
        withdrawn.when(nine()).rejected(&SESSION_EXISTS);
    }

    #[test]
    fn a_session_is_tomorrow_at_the_earliest_and_in_a_year_at_the_latest() {
        practice().when(publish("2026-03-02", "09:00", "10:00")).rejected(&SESSION_INVALID);
        practice().when(publish("2026-03-03", "09:00", "10:00")).records_kinds(&GRANTED);
        practice().when(publish("2027-03-02", "09:00", "10:00")).records_kinds(&GRANTED);
        practice().when(publish("2027-03-03", "09:00", "10:00")).rejected(&SESSION_INVALID);
    }

    #[test]
    fn at_least_one_slot_fits_and_there_is_at_least_one_place() {
        practice().when(publish("2026-03-09", "09:00", "09:09")).rejected(&SESSION_INVALID);
        practice().when(publish("2026-03-09", "09:00", "09:00")).rejected(&SESSION_INVALID);
        practice().when(publish("2026-03-09", "10:00", "09:00")).rejected(&SESSION_INVALID);
        let nine = publish("2026-03-09", "09:00", "10:00");
        practice().when(PublishSession { capacity: 0, ..nine.clone() }).rejected(&SESSION_INVALID);
        practice().when(PublishSession { slot_minutes: 0, ..nine.clone() }).rejected(&SESSION_INVALID);
        practice().when(PublishSession { slot_minutes: 1, capacity: 100, ..nine }).rejected(&SESSION_INVALID);
    }

    #[test]
    fn a_session_has_200_slots_at_most() {
        let minutes = |until| PublishSession { slot_minutes: 1, ..publish("2026-03-09", "09:00", until) };
        practice().when(minutes("12:20")).records_kinds(&GRANTED);
        practice().when(minutes("12:21")).rejected(&SESSION_INVALID);
    }

    #[test]
    fn a_site_publishes_500_sessions_a_day_and_withdrawing_gives_none_back() {
        let nine = |number| PublishSession { session: session(number), ..publish("2026-03-09", "09:00", "09:30") };
        let before = (1..SESSIONS_A_DAY_MAX).fold(practice(), |world, number| world.given(counted(number)));
        let full = before.when(nine(500)).records_kinds(&GRANTED);
        let details = full.clone().when(nine(501)).rejected_with(&LIMIT_REACHED);
        let expected = (&SESSIONS_A_DAY_MAX.into(), &"sessions published a day".into());
        assert_eq!((&details["limit"], &details["of"]), expected);
        let same = full.when(nine(500)).nothing_new();
        let withdrawn = same.when(WithdrawSession { session: session(500), affected: None });
        let withdrawn = withdrawn.records_kinds(&["appointment.session-withdrawn.v1"]);
        withdrawn.clone().when(nine(501)).rejected(&LIMIT_REACHED);
        let other: SessionId = "B99999.000000000001".parse().expect("valid");
        let opened = vocabulary::practices::PracticeOpened {
            practice: other.site(),
            name: line("Low Street"),
            address: line("1 Low Street"),
            settings: Default::default(),
        };
        let elsewhere = withdrawn.given(opened);
        elsewhere.when(PublishSession { session: other, ..nine(1) }).records_kinds(&GRANTED);
    }

    #[test]
    fn the_next_day_of_london_has_sessions_of_its_own() {
        let nine = PublishSession { session: session(501), ..publish("2026-03-09", "09:00", "09:30") };
        let full = (0..SESSIONS_A_DAY_MAX).fold(practice(), |world, number| world.given(counted(number)));
        full.clone().at("2026-03-02T23:59:59Z").when(nine.clone()).rejected(&LIMIT_REACHED);
        full.at("2026-03-03T00:00:00Z").when(nine).records_kinds(&GRANTED);
    }

    #[test]
    fn a_session_that_was_published_before_there_was_a_limit_is_still_nothing_new() {
        let long = PublishSession { slot_minutes: 1, ..publish("2026-03-09", "09:00", "13:00") };
        let published: SessionEvent = long.published().expect("it fits").into();
        practice().given(published).when(long).nothing_new();
    }

    #[test]
    fn a_session_needs_its_practice() {
        world().when(publish("2026-03-09", "09:00", "10:00")).rejected(&PRACTICE_NOT_FOUND);
    }

    #[test]
    fn an_hour_that_the_clocks_skip_in_march_has_no_slots_and_cannot_begin_a_session() {
        // On 29 March 2026 the hour from 01:00 to 02:00 does not exist: four civil hours are three elapsed hours.
        assert_eq!(slots_of("2026-03-29", "00:00", "04:00"), 18);
        practice().when(publish("2026-03-29", "01:30", "04:00")).rejected(&SESSION_INVALID);
        practice().when(publish("2026-03-29", "00:00", "01:30")).rejected(&SESSION_INVALID);
    }

    #[test]
    fn an_hour_that_happens_twice_in_october_has_twice_the_slots_and_cannot_begin_a_session() {
        // On 25 October 2026 the hour from 01:00 to 02:00 happens twice: four civil hours are five elapsed hours.
        assert_eq!(slots_of("2026-10-25", "00:00", "04:00"), 30);
        practice().when(publish("2026-10-25", "01:30", "04:00")).rejected(&SESSION_INVALID);
    }

    #[test]
    fn the_29th_of_february_is_a_day_like_any_other() {
        practice_on("2028-02-28").when(publish("2028-02-29", "09:00", "10:00")).records_kinds(&GRANTED);
        practice_on("2028-02-29").when(publish("2028-03-01", "09:00", "10:00")).records_kinds(&GRANTED);
        practice_on("2028-02-29").when(publish("2029-02-28", "09:00", "10:00")).records_kinds(&GRANTED);
        practice_on("2028-02-29").when(publish("2029-03-01", "09:00", "10:00")).rejected(&SESSION_INVALID);
    }

    fn of_practitioner(number: u32, from: &str, until: &str) -> PublishSession {
        let practitioner_id = Some("G1234567".parse().expect("a practitioner"));
        PublishSession { session: session(number), practitioner_id, ..publish("2026-03-09", from, until) }
    }

    const PLANNED: [&str; 3] =
        ["appointment.session-published.v1", "publishing.session-counted.v1", "practitioner.planned.v1"];

    #[test]
    fn sessions_of_one_practitioner_do_not_overlap() {
        let nine = practice().when(of_practitioner(1, "09:00", "10:00")).records_kinds(&PLANNED);
        let nine = nine.when(of_practitioner(1, "09:00", "10:00")).nothing_new();
        let details = nine.clone().when(of_practitioner(2, "09:30", "10:30")).rejected_with(&OVERLAPPING_SESSION);
        assert_eq!(details["session"], session(1).to_string());
        nine.clone().when(of_practitioner(2, "10:00", "11:00")).records_kinds(&PLANNED);
        let other = PublishSession {
            practitioner_id: Some("G7654321".parse().expect("a practitioner")),
            ..of_practitioner(2, "09:30", "10:30")
        };
        nine.clone().when(other).records_kinds(&PLANNED);
        // The rule holds for sessions with a code only.
        let unknown = PublishSession { practitioner_id: None, ..of_practitioner(2, "09:30", "10:30") };
        nine.when(unknown).records_kinds(&GRANTED);
    }

    #[test]
    fn the_time_of_a_session_that_is_withdrawn_is_free_again() {
        let nine = practice().when(of_practitioner(1, "09:00", "10:00")).records_kinds(&PLANNED);
        let withdraw = WithdrawSession { session: session(1), affected: None };
        let gone = nine.when(withdraw).records_kinds(&["appointment.session-withdrawn.v1"]);
        let free = FreePractitioner {
            practitioner: "G1234567".parse().expect("a practitioner"),
            on: "2026-03-09".parse().expect("a date"),
            session: session(1),
        };
        let gone = gone.when(free.clone()).records_kinds(&["practitioner.freed.v1"]).when(free).nothing_new();
        gone.when(of_practitioner(2, "09:30", "10:30")).records_kinds(&PLANNED);
    }

    #[test]
    fn slots_are_released_before_the_session_starts() {
        let released = |at_time: &str| PublishSession {
            released_at: Some(at(at_time)),
            ..publish("2026-03-09", "09:00", "09:30")
        };
        practice().when(released("2026-03-09T09:00:01Z")).rejected(&SESSION_INVALID);
        practice().when(released(NINE)).records_kinds(&GRANTED);
    }
}
