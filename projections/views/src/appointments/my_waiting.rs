//! The slots for which a patient waits, and what is offered. A row for each list that the patient joined.

use event_core::{Key, Keys, LocalDate, OrganisationCode, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::appointments::{BookedTime, Channel, ServiceType, WaitingEvent};

pub struct MyWaiting;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingRow {
    pub site: OrganisationCode,
    /// The list: the first day of the month in which the patient joined.
    pub month: LocalDate,
    pub service: ServiceType,
    pub channel: Option<Channel>,
    pub earliest: LocalDate,
    pub latest: LocalDate,
    pub joined_at: Timestamp,
    pub offer: Option<WaitingOffer>,
    pub has_ended: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingOffer {
    pub time: BookedTime,
    pub expires_at: Timestamp,
}

impl MyWaiting {
    pub fn partition(patient: SubjectId) -> String {
        patient.to_string()
    }

    pub fn key(patient: SubjectId, site: &OrganisationCode, month: LocalDate) -> Key {
        Key::new(patient, format_args!("{month}.{site}"))
    }
}

impl Projection for MyWaiting {
    const NAME: &'static str = "my_waiting";
    const VERSION: u32 = 1;
    type Row = WaitingRow;
    type Event = WaitingEvent;

    fn keys(fact: &Recorded<WaitingEvent>) -> Keys {
        match &fact.data {
            WaitingEvent::Joined(event) => vec![Self::key(event.patient, &event.site, event.month)],
            WaitingEvent::Offered(event) => vec![Self::key(event.patient, &event.site, event.month)],
            WaitingEvent::Accepted(event) => vec![Self::key(event.patient, &event.site, event.month)],
            WaitingEvent::Lapsed(event) => vec![Self::key(event.patient, &event.site, event.month)],
            WaitingEvent::Left(event) => vec![Self::key(event.patient, &event.site, event.month)],
            WaitingEvent::Passed(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<WaitingRow>, fact: &Recorded<WaitingEvent>) -> Option<WaitingRow> {
        WaitingRow::after(row, &fact.data)
    }
}

impl WaitingRow {
    /// The row of a person on a list after one more event.
    pub(super) fn after(row: Option<WaitingRow>, event: &WaitingEvent) -> Option<WaitingRow> {
        match event {
            WaitingEvent::Joined(event) => Some(WaitingRow {
                site: event.site.clone(),
                month: event.month,
                service: event.service.clone(),
                channel: event.channel,
                earliest: event.earliest,
                latest: event.latest,
                joined_at: event.joined_at,
                offer: None,
                has_ended: false,
            }),
            WaitingEvent::Offered(event) => row.map(|row| WaitingRow {
                offer: Some(WaitingOffer { time: event.time.clone(), expires_at: event.expires_at }),
                ..row
            }),
            WaitingEvent::Accepted(_) | WaitingEvent::Left(_) => {
                row.map(|row| WaitingRow { offer: None, has_ended: true, ..row })
            }
            WaitingEvent::Passed(_) => row,
            WaitingEvent::Lapsed(event) => row.map(|row| WaitingRow { offer: None, has_ended: event.ended, ..row }),
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::appointments::{OfferAccepted, OfferLapsed, SlotOffered, WaitingJoined, WaitingLeft};

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, clinic, fold, site, time};

    fn march() -> LocalDate {
        "2026-03-01".parse().expect("a date")
    }

    fn joined() -> WaitingEvent {
        WaitingJoined {
            site: site(),
            month: march(),
            patient: alice(),
            service: "gp-routine".parse().expect("a service"),
            channel: None,
            earliest: "2026-03-02".parse().expect("a date"),
            latest: "2026-03-09".parse().expect("a date"),
            joined_at: at("2026-03-02T08:00:00Z"),
        }
        .into()
    }

    fn offered() -> WaitingEvent {
        let time = time(clinic(), NINE, TEN_PAST);
        let (offered_at, expires_at) = (at("2026-03-02T09:00:00Z"), at("2026-03-02T09:30:00Z"));
        SlotOffered { site: site(), month: march(), patient: alice(), time, offered_at, expires_at }.into()
    }

    fn lapsed(ended: bool) -> WaitingEvent {
        let (session, starts_at, lapsed_at) = (clinic(), at(NINE), at("2026-03-02T09:30:00Z"));
        OfferLapsed {
            site: site(),
            month: march(),
            patient: alice(),
            session,
            starts_at,
            lapsed_at,
            ended,
            passed: vec![],
        }
        .into()
    }

    /// The start of the slot that is offered, and true if the patient waits no longer.
    fn after(events: Vec<WaitingEvent>) -> (Option<Timestamp>, bool) {
        let rows = fold::<MyWaiting>(events);
        let row = rows.values().next().expect("a row");
        (row.offer.as_ref().map(|offer| offer.time.starts_at), row.has_ended)
    }

    #[test]
    fn an_offer_is_shown_until_it_lapses_or_is_accepted_or_the_patient_leaves() {
        assert_eq!(after(vec![joined()]), (None, false));
        assert_eq!(after(vec![joined(), offered()]), (Some(at(NINE)), false));
        assert_eq!(after(vec![joined(), offered(), lapsed(false)]), (None, false));
        assert_eq!(after(vec![joined(), offered(), lapsed(true)]), (None, true));
        let (month, patient, time) = (march(), alice(), time(clinic(), NINE, TEN_PAST));
        let accepted = OfferAccepted { site: site(), month, patient, time, accepted_at: at(NINE) }.into();
        assert_eq!(after(vec![joined(), offered(), accepted]), (None, true));
        let left = WaitingLeft { site: site(), month, patient, offered: None, left_at: at(NINE) }.into();
        assert_eq!(after(vec![joined(), left]), (None, true));
    }

    #[test]
    fn who_joins_again_waits_again() {
        assert_eq!(after(vec![joined(), offered(), lapsed(true), joined()]), (None, false));
    }
}
