//! The doses of a person, as their records hold now: one row per dose.

use event_core::{Key, Keys, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::vaccinations::{DoseDetails, DoseEvent, DoseFacts, DoseId, DoseReason, VaccineLot};

pub struct MyDoses;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DoseRow {
    pub dose: DoseId,
    pub given: DoseFacts,
    pub details: Personal<DoseDetails>,
    pub recorded_at: Timestamp,
    /// The time of the last correction, and its reason.
    pub corrected_at: Option<Timestamp>,
    pub correction: Option<Personal<DoseReason>>,
    pub voided_at: Option<Timestamp>,
    pub void_reason: Option<Personal<DoseReason>>,
    /// The lot of which the recall was recorded.
    pub flagged: Option<VaccineLot>,
}

impl MyDoses {
    pub fn partition(subject: SubjectId) -> String {
        subject.to_string()
    }

    pub fn key(subject: SubjectId, dose: &DoseId) -> Key {
        Key::new(subject, dose)
    }
}

impl Projection for MyDoses {
    const NAME: &'static str = "my_doses";
    const VERSION: u32 = 1;
    type Row = DoseRow;
    type Event = DoseEvent;

    fn keys(fact: &Recorded<DoseEvent>) -> Keys {
        let (subject, dose) = match &fact.data {
            // An appointment is a row of other read models.
            DoseEvent::Booked(_) => return vec![],
            DoseEvent::Recorded(event) => (event.subject, &event.dose),
            DoseEvent::Corrected(event) => (event.subject, &event.dose),
            DoseEvent::Voided(event) => (event.subject, &event.dose),
            DoseEvent::LotFlagged(event) => (event.subject, &event.dose),
        };
        vec![Self::key(subject, dose)]
    }

    fn evolve(_: &Key, row: Option<DoseRow>, fact: &Recorded<DoseEvent>) -> Option<DoseRow> {
        match &fact.data {
            DoseEvent::Booked(_) => row,
            DoseEvent::Recorded(event) => Some(DoseRow {
                dose: event.dose.clone(),
                given: event.given.clone(),
                details: event.details.clone(),
                recorded_at: event.recorded_at,
                corrected_at: None,
                correction: None,
                voided_at: None,
                void_reason: None,
                flagged: None,
            }),
            DoseEvent::Corrected(event) => row.map(|row| DoseRow {
                given: event.given.clone(),
                details: event.details.clone(),
                corrected_at: Some(event.corrected_at),
                correction: Some(event.reason.clone()),
                ..row
            }),
            DoseEvent::Voided(event) => row.map(|row| DoseRow {
                voided_at: Some(event.voided_at),
                void_reason: Some(event.reason.clone()),
                ..row
            }),
            DoseEvent::LotFlagged(event) => row.map(|row| DoseRow { flagged: Some(event.lot.clone()), ..row }),
        }
    }
}

#[cfg(test)]
pub(super) mod specs {
    use vocabulary::vaccinations::{DoseCorrected, DoseLotFlagged, DoseRecorded, DoseVoided};

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, fold, site};

    pub fn given(lot: &str) -> DoseFacts {
        DoseFacts {
            programme: "covid-19".parse().expect("a programme"),
            number: 1,
            vaccine: "comirnaty".parse().expect("a vaccine"),
            lot: lot.parse().expect("a lot"),
            expires_on: "2026-12-31".parse().expect("a day"),
            given_on: "2026-03-02".parse().expect("a day"),
            site: site(),
        }
    }

    fn dose() -> DoseId {
        "0000000000D1".parse().expect("a dose")
    }

    fn closed<T>(text: &str) -> Personal<T>
    where
        Personal<T>: serde::de::DeserializeOwned,
    {
        serde_json::from_value(format!("p0.{text}").into()).expect("a closed value")
    }

    pub fn recorded(lot: &str) -> DoseEvent {
        let (details, recorded_at) = (closed("0001"), at(NINE));
        DoseRecorded { subject: alice(), dose: dose(), given: given(lot), edition: 1, details, recorded_at }.into()
    }

    pub fn corrected(lot: &str) -> DoseEvent {
        DoseCorrected {
            subject: alice(),
            dose: dose(),
            given: given(lot),
            edition: 1,
            details: closed("0002"),
            reason: closed("0003"),
            corrected_at: at(TEN_PAST),
        }
        .into()
    }

    pub fn voided() -> DoseEvent {
        DoseVoided { subject: alice(), dose: dose(), reason: closed("0004"), voided_at: at(TEN_PAST) }.into()
    }

    pub fn flagged(lot: &str) -> DoseEvent {
        let lot = given(lot).vaccine_lot();
        DoseLotFlagged { subject: alice(), dose: dose(), lot, flagged_at: at(TEN_PAST) }.into()
    }

    #[test]
    fn a_dose_is_a_row_that_holds_as_it_was_corrected() {
        let rows = fold::<MyDoses>([recorded("EL1"), corrected("EL2"), flagged("EL2"), voided()]);
        let row = rows.get(&MyDoses::key(alice(), &dose())).expect("a row");
        assert_eq!((&row.given, &row.details), (&given("EL2"), &closed("0002")));
        assert_eq!((row.corrected_at, row.voided_at), (Some(at(TEN_PAST)), Some(at(TEN_PAST))));
        assert_eq!((row.flagged.clone(), rows.len()), (Some(given("EL2").vaccine_lot()), 1));
    }
}
