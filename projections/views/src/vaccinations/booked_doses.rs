//! The facts that a person declared when an appointment for a dose was booked: one row per appointment. The row stays after a
//! cancellation; the status of the appointment is in the read model of appointments.

use event_core::{Key, Keys, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::{
    SessionId,
    vaccinations::{DeclaredFacts, DoseEvent, ProgrammeId},
};

pub struct BookedDoses;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookedDoseRow {
    pub programme: ProgrammeId,
    /// The edition of the programme that decided.
    pub edition: u32,
    pub number: u8,
    pub declared: Personal<DeclaredFacts>,
    pub booked_at: Timestamp,
}

impl BookedDoses {
    pub fn key(subject: SubjectId, session: &SessionId, starts_at: Timestamp) -> Key {
        Key::new(subject, format_args!("{starts_at}.{session}"))
    }
}

impl Projection for BookedDoses {
    const NAME: &'static str = "booked_doses";
    const VERSION: u32 = 1;
    type Row = BookedDoseRow;
    type Event = DoseEvent;

    fn keys(fact: &Recorded<DoseEvent>) -> Keys {
        match &fact.data {
            DoseEvent::Booked(event) => vec![Self::key(event.subject, &event.session, event.starts_at)],
            DoseEvent::Recorded(_) | DoseEvent::Corrected(_) | DoseEvent::Voided(_) | DoseEvent::LotFlagged(_) => {
                vec![]
            }
        }
    }

    fn evolve(_: &Key, row: Option<BookedDoseRow>, fact: &Recorded<DoseEvent>) -> Option<BookedDoseRow> {
        match &fact.data {
            // The latest booking of the same time holds: the one before was cancelled.
            DoseEvent::Booked(event) => Some(BookedDoseRow {
                programme: event.programme.clone(),
                edition: event.edition,
                number: event.number,
                declared: event.declared.clone(),
                booked_at: event.booked_at,
            }),
            DoseEvent::Recorded(_) | DoseEvent::Corrected(_) | DoseEvent::Voided(_) | DoseEvent::LotFlagged(_) => row,
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::vaccinations::DoseBooked;

    use super::{super::my_doses::specs::recorded, *};
    use crate::spec::{NINE, TEN_PAST, alice, at, fold};

    #[test]
    fn an_appointment_for_a_dose_is_a_row_with_what_was_declared() {
        let session: SessionId = "A12345.0123456789AB".parse().expect("a session");
        let booked = |edition: u32| {
            let declared: Personal<DeclaredFacts> = serde_json::from_value("p0.0001".into()).expect("a closed value");
            DoseBooked {
                subject: alice(),
                programme: "covid-19".parse().expect("a programme"),
                edition,
                content_hash: serde_json::from_value("ab".repeat(32).into()).expect("a hash"),
                number: 1,
                session: session.clone(),
                starts_at: at(NINE),
                declared,
                booked_at: at(TEN_PAST),
            }
        };
        let rows = fold::<BookedDoses>([booked(1).into(), recorded("EL1"), booked(2).into()]);
        let row = rows.get(&BookedDoses::key(alice(), &session, at(NINE))).expect("a row");
        assert_eq!((row.edition, row.number, rows.len()), (2, 1, 1));
    }
}
