//! The carers of a person: one row per carer.

use event_core::{Key, Keys, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::carers::{CarerDetails, CarerEvent, CarerId};

pub struct MyCarers;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CarerRow {
    pub carer: CarerId,
    pub details: Personal<CarerDetails>,
    pub registered_at: Timestamp,
}

impl MyCarers {
    pub fn partition(subject: SubjectId) -> String {
        subject.to_string()
    }
}

impl Projection for MyCarers {
    const NAME: &'static str = "my_carers";
    const VERSION: u32 = 1;
    type Row = CarerRow;
    type Event = CarerEvent;

    fn keys(fact: &Recorded<CarerEvent>) -> Keys {
        match &fact.data {
            CarerEvent::Registered(registered) => vec![Key::new(registered.subject, &registered.carer)],
            CarerEvent::Removed(removed) => vec![Key::new(removed.subject, &removed.carer)],
        }
    }

    fn evolve(_: &Key, _: Option<CarerRow>, fact: &Recorded<CarerEvent>) -> Option<CarerRow> {
        match &fact.data {
            CarerEvent::Registered(registered) => Some(CarerRow {
                carer: registered.carer.clone(),
                details: registered.details.clone(),
                registered_at: registered.registered_at,
            }),
            CarerEvent::Removed(_) => None,
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::carers::{CarerRegistered, CarerRemoved};

    use super::*;
    use crate::spec::{NINE, alice, at, bob, fold};

    fn carer(number: u32) -> CarerId {
        format!("{number:012}").parse().expect("an id")
    }

    fn registered(subject: SubjectId, number: u32) -> CarerEvent {
        let details = serde_json::from_str("\"p0.e30\"").expect("a closed text");
        CarerRegistered { subject, carer: carer(number), details, registered_at: at(NINE) }.into()
    }

    #[test]
    fn each_carer_is_a_row_until_they_are_removed() {
        let removed = CarerRemoved { subject: alice(), carer: carer(1), removed_at: at(NINE) };
        let rows =
            fold::<MyCarers>([registered(alice(), 1), registered(alice(), 2), registered(bob(), 1), removed.into()]);
        let left: Vec<_> = rows.keys().cloned().collect();
        assert_eq!(left, [Key::new(alice(), carer(2)), Key::new(bob(), carer(1))]);
        assert_eq!(rows[&left[0]].registered_at, at(NINE));
    }
}
