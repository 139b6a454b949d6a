use event_core::{LocalDate, OrganisationCode, SubjectId};
use vocabulary::{
    appointments::{Channel, ServiceType, WaitingJoined},
    practices::PRACTICE_NOT_FOUND,
    registrations::Registration,
    time::LONDON,
};

use super::{
    rejections::{
        ALREADY_WAITING, BOOK_BY_PROGRAMME, LIMIT_REACHED, OUTSIDE_BOOKING_WINDOW, WAITING_INVALID, WAITING_LIST_FULL,
    },
    vaccination_slots::has_no_programme,
    waiting_list::{WAITING_DAYS_MAX, WaitingList},
};
use crate::{
    practices::Practice,
    prelude::*,
    registrations::{has_to_be_at, rejections::NOT_REGISTERED_HERE},
};

/// The maximum number of days that a person may wait for, including the first and the last one.
pub const RANGE_DAYS_MAX: i64 = 31;

/// Wait for a slot that becomes free at the patient's practice.
///
/// A freed slot that suits is offered in the order of joining, and held for 30 minutes. A patient is on the list
/// once, joins it 5 times a month at most, and has one offer at a time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JoinWaitingList {
    pub patient: SubjectId,
    /// The practice's code.
    pub site: OrganisationCode,
    pub service: ServiceType,
    /// Left out if every channel suits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The first day that suits, in London: today at the earliest.
    pub earliest: LocalDate,
    /// The last day that suits: 31 days at most with the first, and not further ahead than 56 days and the booking window.
    pub latest: LocalDate,
}

impl Command for JoinWaitingList {
    const NAME: &'static str = "join-waiting-list";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::Book)).or(staff(Permission::Booking));
    const REJECTIONS: &'static [&'static Rejection] = &[
        &PRACTICE_NOT_FOUND,
        &NOT_REGISTERED_HERE,
        &BOOK_BY_PROGRAMME,
        &WAITING_INVALID,
        &OUTSIDE_BOOKING_WINDOW,
        &ALREADY_WAITING,
        &LIMIT_REACHED,
        &WAITING_LIST_FULL,
    ];
    type Reads = (WaitingList, WaitingList, WaitingList, Practice, Registration);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.site.clone())
    }

    fn streams(&self, context: &Context) -> Streams<Self> {
        let [first, second, third] = WaitingList::months(context.now).map(|month| WaitingList::of(&self.site, month));
        (first, second, third, Stream::of(&self.site), Stream::of(self.patient))
    }

    fn decide(
        &self,
        (first, second, this_month, practice, registration): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let settings = practice.settings()?;
        has_to_be_at(registration, &self.site)?;
        has_no_programme(&self.service)?;
        let today = LONDON.day(context.now);
        self.check_days(today)?;
        let days = WAITING_DAYS_MAX.min(i64::from(settings.booking_window_days));
        if self.latest > today.plus_days(days) {
            return Err(OUTSIDE_BOOKING_WINDOW.with("days", days));
        }
        let lists = [first, second, this_month];
        if let Some(waiter) = lists.iter().find_map(|list| list.waiting(self.patient, today)) {
            let same = (&waiter.service, waiter.channel, waiter.earliest, waiter.latest)
                == (&self.service, self.channel, self.earliest, self.latest);
            return if same { Ok(nothing_new()) } else { Err((&ALREADY_WAITING).into()) };
        }
        this_month.may_join(self.patient)?;
        let [.., month] = WaitingList::months(context.now);
        Ok(record(WaitingJoined {
            site: self.site.clone(),
            month,
            patient: self.patient,
            service: self.service.clone(),
            channel: self.channel,
            earliest: self.earliest,
            latest: self.latest,
            joined_at: context.now,
        }))
    }
}

impl JoinWaitingList {
    /// # Errors
    /// `waiting-invalid`.
    fn check_days(&self, today: LocalDate) -> Result<(), Rejected> {
        let why = if self.earliest < today {
            "the first day is today at the earliest"
        } else if self.latest < self.earliest {
            "the last day is not before the first"
        } else if self.latest.days_since(self.earliest) >= RANGE_DAYS_MAX {
            "there are 31 days at most"
        } else {
            return Ok(());
        };
        Err(WAITING_INVALID.with("why", why))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::{
        appointments::{WaitingEvent, WaitingLeft},
        practices::PracticeSettings,
    };

    use super::*;
    use crate::{
        appointments::waiting_list::{JOINS_MAX, JOINS_OF_A_PERSON_MAX},
        spec::*,
    };

    const JOINED: [&str; 1] = ["waiting.joined.v1"];

    fn join(earliest: &str, latest: &str) -> JoinWaitingList {
        JoinWaitingList {
            patient: alice(),
            site: site(),
            service: "gp-routine".parse().expect("a service"),
            channel: None,
            earliest: earliest.parse().expect("a date"),
            latest: latest.parse().expect("a date"),
        }
    }

    fn this_week() -> JoinWaitingList {
        join("2026-03-02", "2026-03-09")
    }

    fn left(month: &str) -> WaitingLeft {
        let month = month.parse().expect("a date");
        WaitingLeft { site: site(), month, patient: alice(), offered: None, left_at: at(NOW) }
    }

    #[test]
    fn a_patient_joins_once_the_list_of_this_month() {
        let joined: WaitingEvent = WaitingJoined {
            site: site(),
            month: "2026-03-01".parse().expect("a date"),
            patient: alice(),
            service: "gp-routine".parse().expect("a service"),
            channel: None,
            earliest: "2026-03-02".parse().expect("a date"),
            latest: "2026-03-09".parse().expect("a date"),
            joined_at: at(NOW),
        }
        .into();
        let waits = surgery().when(this_week()).records(&[&joined]).when(this_week()).nothing_new();
        waits.clone().when(join("2026-03-02", "2026-03-10")).rejected(&ALREADY_WAITING);
        let bobs = JoinWaitingList { patient: bob(), ..this_week() };
        waits.when(bobs).records_kinds(&JOINED);
    }

    #[test]
    fn a_person_is_in_one_of_the_lists_at_a_time_also_in_the_next_month() {
        let waits = surgery().at("2026-03-31T12:00:00Z").when(join("2026-04-01", "2026-04-20")).records_kinds(&JOINED);
        let later = waits.at("2026-04-02T12:00:00Z");
        later.clone().when(join("2026-04-02", "2026-04-20")).rejected(&ALREADY_WAITING);
        // Days that have passed are not waited for.
        let later = later.at("2026-04-21T12:00:00Z");
        later.when(join("2026-04-21", "2026-04-22")).records_kinds(&JOINED);
    }

    #[test]
    fn who_left_joins_again_five_times_in_a_month() {
        let full = (0..JOINS_OF_A_PERSON_MAX)
            .fold(surgery(), |world, _| world.when(this_week()).records_kinds(&JOINED).given(left("2026-03-01")));
        full.clone().when(this_week()).rejected(&LIMIT_REACHED);
        full.at("2026-04-01T12:00:00Z").when(join("2026-04-02", "2026-04-20")).records_kinds(&JOINED);
    }

    #[test]
    fn the_days_are_from_today_on_31_at_most_and_in_the_booking_window() {
        for (earliest, latest) in
            [("2026-03-01", "2026-03-09"), ("2026-03-09", "2026-03-08"), ("2026-03-02", "2026-04-02")]
        {
            surgery().when(join(earliest, latest)).rejected(&WAITING_INVALID);
        }
        surgery().when(join("2026-03-02", "2026-04-01")).records_kinds(&JOINED);
        surgery().when(join("2026-04-01", "2026-04-13")).records_kinds(&JOINED);
        surgery().when(join("2026-04-01", "2026-04-14")).rejected(&OUTSIDE_BOOKING_WINDOW);
        let year = PracticeSettings { booking_window_days: 365, ..PracticeSettings::default() };
        let ahead = surgery().given(settings_changed(year));
        ahead.clone().when(join("2026-04-14", "2026-04-27")).records_kinds(&JOINED);
        assert_eq!(ahead.when(join("2026-04-14", "2026-04-28")).rejected_with(&OUTSIDE_BOOKING_WINDOW)["days"], 56);
    }

    #[test]
    fn only_patients_of_the_practice_wait_there() {
        let stranger = "5742a900-0000-4000-8000-000000000009".parse().expect("valid");
        surgery().when(JoinWaitingList { patient: stranger, ..this_week() }).rejected(&NOT_REGISTERED_HERE);
        world().given(registered(alice(), "1980-02-29")).when(this_week()).rejected(&PRACTICE_NOT_FOUND);
    }

    #[test]
    fn a_list_holds_1150_people() {
        let person = |n: usize| format!("5742a900-0000-4000-8000-{n:012}").parse().expect("a subject");
        let joined = |n: usize| WaitingJoined {
            site: site(),
            month: "2026-03-01".parse().expect("a date"),
            patient: person(n),
            service: "gp-routine".parse().expect("a service"),
            channel: None,
            earliest: "2026-03-02".parse().expect("a date"),
            latest: "2026-03-09".parse().expect("a date"),
            joined_at: at(NOW),
        };
        let almost = (1..JOINS_MAX).fold(surgery(), |world, n| world.given(joined(n)));
        let full = almost.when(this_week()).records_kinds(&JOINED);
        full.when(JoinWaitingList { patient: bob(), ..this_week() }).rejected(&WAITING_LIST_FULL);
    }
}
