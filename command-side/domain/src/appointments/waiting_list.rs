//! The waiting list of a site, for those who joined in one month. It keeps the order in which they joined.

use std::sync::Arc;

use event_core::{LocalDate, OrganisationCode, Rejected, State, Stream, SubjectId, Timestamp};
use vocabulary::{
    SessionId,
    appointments::{BookedTime, Channel, OfferedSlot, ServiceType, WaitingEvent},
    time::LONDON,
};

use super::rejections::{LIMIT_REACHED, OFFER_LAPSED, OFFER_NOT_FOUND, WAITING_LIST_FULL};

/// The number of offers that may lapse before a person waits no longer.
pub const LAPSES_MAX: usize = 3;
/// The number of days that a person may wait ahead. All who wait joined in one of three months then: 59 days from the last
/// day of January end in March.
pub const WAITING_DAYS_MAX: i64 = 56;
/// The number of people that may join a list. Each has 8 events at most (joined, three offers, three lapses, the end): a
/// list has 9,200, and a stream holds 10,000 of which the last 500 are for leaving.
pub const JOINS_MAX: usize = 1_150;
/// The number of times that a list notes a slot that was free while all whom it suits had an offer. Together with the
/// people, that is 9,450 events. Further slots stay free for all.
pub const PASSES_MAX: u16 = 250;
/// The number of such slots that are offered when one offer lapses.
pub const PASSED_AT_ONCE_MAX: usize = 20;
/// The number of times that one person may join the same list. Without this limit, one person could fill it.
pub const JOINS_OF_A_PERSON_MAX: usize = 5;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct WaitingList {
    /// All who ever joined, in the order in which they did.
    entries: Vec<Arc<Waiter>>,
    /// Slots that became free while all whom they suit had an offer.
    passed: Vec<Arc<BookedTime>>,
    passes: u16,
}

/// A person on the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiter {
    pub patient: SubjectId,
    pub service: ServiceType,
    pub channel: Option<Channel>,
    pub earliest: LocalDate,
    pub latest: LocalDate,
    pub status: WaitingStatus,
    /// The slots of which the offer lapsed. They are not offered again.
    lapsed: Vec<OfferedSlot>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum WaitingStatus {
    Waiting,
    Offered { slot: OfferedSlot, expires_at: Timestamp },
    Ended,
}

impl State for WaitingList {
    type Event = WaitingEvent;

    fn evolve(&mut self, event: &WaitingEvent) {
        match event {
            WaitingEvent::Joined(joined) => self.entries.push(Arc::new(Waiter {
                patient: joined.patient,
                service: joined.service.clone(),
                channel: joined.channel,
                earliest: joined.earliest,
                latest: joined.latest,
                status: WaitingStatus::Waiting,
                lapsed: Vec::new(),
            })),
            WaitingEvent::Offered(offered) => self.change(offered.patient, |waiter| {
                let slot = OfferedSlot { session: offered.time.session.clone(), starts_at: offered.time.starts_at };
                waiter.status = WaitingStatus::Offered { slot, expires_at: offered.expires_at };
            }),
            WaitingEvent::Accepted(accepted) => self.end(accepted.patient),
            WaitingEvent::Left(left) => self.end(left.patient),
            WaitingEvent::Lapsed(lapsed) => {
                self.change(lapsed.patient, |waiter| {
                    let slot = OfferedSlot { session: lapsed.session.clone(), starts_at: lapsed.starts_at };
                    waiter.lapsed.push(slot);
                    waiter.status = if lapsed.ended { WaitingStatus::Ended } else { WaitingStatus::Waiting };
                });
                self.passed.retain(|time| !lapsed.passed.iter().any(|slot| is(time, slot)));
            }
            WaitingEvent::Passed(passed) => {
                self.passed.push(Arc::new(passed.time.clone()));
                self.passes = self.passes.saturating_add(1);
            }
        }
    }
}

impl Waiter {
    /// True while the person is on the list: an offer is open, or a day that suits is still to come.
    fn is_live(&self, today: LocalDate) -> bool {
        match self.status {
            WaitingStatus::Waiting => self.latest >= today,
            WaitingStatus::Offered { .. } => true,
            WaitingStatus::Ended => false,
        }
    }

    /// True if an offer is open.
    pub fn has_offer(&self) -> bool {
        match self.status {
            WaitingStatus::Offered { .. } => true,
            WaitingStatus::Waiting | WaitingStatus::Ended => false,
        }
    }

    /// True if this slot suits the person, who is on the list.
    pub fn is_suited_by(&self, time: &BookedTime) -> bool {
        self.status != WaitingStatus::Ended
            && self.service == time.service
            && self.channel.is_none_or(|channel| channel == time.channel)
            && (self.earliest..=self.latest).contains(&LONDON.day(time.starts_at))
            && !self.lapsed.iter().any(|slot| is(time, slot))
    }

    /// True if one more lapse ends the person's wait.
    pub fn is_last_lapse(&self) -> bool {
        self.lapsed.len() + 1 >= LAPSES_MAX
    }
}

fn is(time: &BookedTime, slot: &OfferedSlot) -> bool {
    slot.session == time.session && slot.starts_at == time.starts_at
}

impl WaitingList {
    /// The list of those who joined in this month.
    pub fn of(site: &OrganisationCode, month: LocalDate) -> Stream<WaitingList> {
        Stream::of(format_args!("{site}.{month}"))
    }

    /// The months in which all joined who may wait now, the oldest first.
    pub fn months(now: Timestamp) -> [LocalDate; 3] {
        let this = first_of_month(LONDON.day(now));
        let last = first_of_month(this.plus_days(-1));
        [first_of_month(last.plus_days(-1)), last, this]
    }

    fn change(&mut self, patient: SubjectId, change: impl FnOnce(&mut Waiter)) {
        // The newest entry of the person: all before it have ended.
        let waiter = self.entries.iter_mut().rev().find(|waiter| waiter.patient == patient);
        waiter.map(Arc::make_mut).map(change);
    }

    fn end(&mut self, patient: SubjectId) {
        self.change(patient, |waiter| waiter.status = WaitingStatus::Ended);
    }

    /// True if the list has room to note that this slot was free beside `more` others, and has not noted it yet.
    pub fn may_pass(&self, time: &BookedTime, more: u16) -> bool {
        let is_known = |known: &Arc<BookedTime>| (&known.session, known.starts_at) == (&time.session, time.starts_at);
        self.passes.saturating_add(more) < PASSES_MAX && !self.passed.iter().any(is_known)
    }

    /// The slots that were free while this person had the offer that lapses now.
    pub fn passed_for(&self, waiter: &Waiter, now: Timestamp) -> Vec<OfferedSlot> {
        let suited = self.passed.iter().filter(|time| time.starts_at > now && waiter.is_suited_by(time));
        let slot = |time: &Arc<BookedTime>| OfferedSlot { session: time.session.clone(), starts_at: time.starts_at };
        suited.take(PASSED_AT_ONCE_MAX).map(slot).collect()
    }

    /// All who ever joined, in the order in which they did.
    pub fn entries(&self) -> impl Iterator<Item = &Waiter> {
        self.entries.iter().map(Arc::as_ref)
    }

    /// This person on the list.
    pub fn waiting(&self, patient: SubjectId, today: LocalDate) -> Option<&Waiter> {
        self.entries().find(|waiter| waiter.patient == patient && waiter.is_live(today))
    }

    /// This person, if this slot is offered to them.
    pub fn offered(&self, patient: SubjectId, session: &SessionId, starts_at: Timestamp) -> Option<&Waiter> {
        let is_offered = |waiter: &&Waiter| match &waiter.status {
            WaitingStatus::Offered { slot, .. } => slot.session == *session && slot.starts_at == starts_at,
            WaitingStatus::Waiting | WaitingStatus::Ended => false,
        };
        self.entries().filter(|waiter| waiter.patient == patient).find(is_offered)
    }

    /// Checks that this person can accept an offer of this slot now.
    ///
    /// # Errors
    /// `offer-not-found`, `offer-lapsed`.
    pub fn can_accept(
        &self,
        patient: SubjectId,
        session: &SessionId,
        starts_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Rejected> {
        match self.offered(patient, session, starts_at).map(|waiter| &waiter.status) {
            Some(WaitingStatus::Offered { expires_at, .. }) if *expires_at > now => Ok(()),
            Some(_) => Err((&OFFER_LAPSED).into()),
            None if self.has_lapsed(patient, session, starts_at) => Err((&OFFER_LAPSED).into()),
            None => Err((&OFFER_NOT_FOUND).into()),
        }
    }

    fn has_lapsed(&self, patient: SubjectId, session: &SessionId, starts_at: Timestamp) -> bool {
        let slot = OfferedSlot { session: session.clone(), starts_at };
        self.entries().any(|waiter| waiter.patient == patient && waiter.lapsed.contains(&slot))
    }

    /// Checks that this person may join the list once more.
    ///
    /// # Errors
    /// `limit-reached`, `waiting-list-full`.
    pub fn may_join(&self, patient: SubjectId) -> Result<(), Rejected> {
        if self.entries().filter(|waiter| waiter.patient == patient).count() >= JOINS_OF_A_PERSON_MAX {
            return Err(LIMIT_REACHED.with("limit", JOINS_OF_A_PERSON_MAX).with("of", "times on the list in a month"));
        }
        if self.entries.len() >= JOINS_MAX { Err((&WAITING_LIST_FULL).into()) } else { Ok(()) }
    }
}

fn first_of_month(day: LocalDate) -> LocalDate {
    LocalDate::new(day.civil().first_of_month())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::at;

    #[test]
    fn all_who_may_wait_joined_in_one_of_three_months() {
        let months = |now: &str| WaitingList::months(at(now)).map(|month| month.to_string());
        assert_eq!(months("2026-03-31T12:00:00Z"), ["2026-01-01", "2026-02-01", "2026-03-01"]);
        // Half past midnight on 1 July in London.
        assert_eq!(months("2026-06-30T23:30:00Z"), ["2026-05-01", "2026-06-01", "2026-07-01"]);
        let mut day: LocalDate = "2026-01-01".parse().expect("a date");
        for _ in 0..1_500 {
            let last = LONDON.start_of(day.plus_days(WAITING_DAYS_MAX));
            assert!(WaitingList::months(last).contains(&first_of_month(day)), "{day}");
            day = day.plus_days(1);
        }
    }
}
