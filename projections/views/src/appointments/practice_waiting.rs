//! The people on the waiting lists of a practice. A row for each person on a list, until the wait ends.

use event_core::{Key, Keys, LocalDate, OrganisationCode, Projection, Recorded, SubjectId};
use serde::{Deserialize, Serialize};
use vocabulary::appointments::WaitingEvent;

use super::my_waiting::WaitingRow;

pub struct PracticeWaiting;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaiterRow {
    pub patient: SubjectId,
    pub waiting: WaitingRow,
}

impl PracticeWaiting {
    pub fn partition(site: &OrganisationCode) -> String {
        site.to_string()
    }

    /// The first sort key of the lists of this day's month or later, if the day is the first of a month.
    pub fn from(day: LocalDate) -> String {
        day.to_string()
    }

    pub fn key(site: &OrganisationCode, month: LocalDate, patient: SubjectId) -> Key {
        Key::new(site, format_args!("{month}.{patient}"))
    }
}

impl Projection for PracticeWaiting {
    const NAME: &'static str = "practice_waiting";
    const VERSION: u32 = 1;
    type Row = WaiterRow;
    type Event = WaitingEvent;

    fn keys(fact: &Recorded<WaitingEvent>) -> Keys {
        match &fact.data {
            WaitingEvent::Joined(event) => vec![Self::key(&event.site, event.month, event.patient)],
            WaitingEvent::Offered(event) => vec![Self::key(&event.site, event.month, event.patient)],
            WaitingEvent::Accepted(event) => vec![Self::key(&event.site, event.month, event.patient)],
            WaitingEvent::Lapsed(event) => vec![Self::key(&event.site, event.month, event.patient)],
            WaitingEvent::Left(event) => vec![Self::key(&event.site, event.month, event.patient)],
            WaitingEvent::Passed(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<WaiterRow>, fact: &Recorded<WaitingEvent>) -> Option<WaiterRow> {
        let patient = match &fact.data {
            WaitingEvent::Joined(event) => event.patient,
            WaitingEvent::Offered(_)
            | WaitingEvent::Accepted(_)
            | WaitingEvent::Lapsed(_)
            | WaitingEvent::Left(_)
            | WaitingEvent::Passed(_) => row.as_ref()?.patient,
        };
        let waiting = WaitingRow::after(row.map(|row| row.waiting), &fact.data)?;
        (!waiting.has_ended).then_some(WaiterRow { patient, waiting })
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{OfferLapsed, SlotOffered, WaitingJoined, WaitingLeft};

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, bob, clinic, fold, site, time};

    fn march() -> LocalDate {
        "2026-03-01".parse().expect("a date")
    }

    fn joined(patient: SubjectId) -> WaitingEvent {
        WaitingJoined {
            site: site(),
            month: march(),
            patient,
            service: "gp-routine".parse().expect("a service"),
            channel: None,
            earliest: "2026-03-02".parse().expect("a date"),
            latest: "2026-03-09".parse().expect("a date"),
            joined_at: at("2026-03-02T08:00:00Z"),
        }
        .into()
    }

    fn offered(patient: SubjectId) -> WaitingEvent {
        let time = time(clinic(), NINE, TEN_PAST);
        let (offered_at, expires_at) = (at("2026-03-02T09:00:00Z"), at("2026-03-02T09:30:00Z"));
        SlotOffered { site: site(), month: march(), patient, time, offered_at, expires_at }.into()
    }

    fn lapsed(ended: bool) -> WaitingEvent {
        let (site, month, patient, session, starts_at) = (site(), march(), alice(), clinic(), at(NINE));
        let lapsed_at = at("2026-03-02T09:30:00Z");
        OfferLapsed { site, month, patient, session, starts_at, lapsed_at, ended, passed: vec![] }.into()
    }

    /// The people on the list, and true for a person with an offer.
    fn after(events: Vec<WaitingEvent>) -> Vec<(SubjectId, bool)> {
        fold::<PracticeWaiting>(events).values().map(|row| (row.patient, row.waiting.offer.is_some())).collect()
    }

    #[test]
    fn a_person_is_there_until_the_wait_ends() {
        assert_eq!(after(vec![joined(alice()), offered(alice())]), [(alice(), true)]);
        assert_eq!(after(vec![joined(alice()), offered(alice()), lapsed(false)]), [(alice(), false)]);
        assert_eq!(after(vec![joined(alice()), offered(alice()), lapsed(true)]), []);
        assert_eq!(after(vec![joined(alice()), offered(alice()), lapsed(true), joined(alice())]), [(alice(), false)]);
        let (month, patient, left_at) = (march(), bob(), at(NINE));
        let left = WaitingLeft { site: site(), month, patient, offered: None, left_at }.into();
        assert_eq!(after(vec![joined(alice()), joined(bob()), left]), [(alice(), false)]);
    }
}
