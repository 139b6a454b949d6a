//! The registrations of patients: one row per person, with the practice at which the person is registered now.

use event_core::{Key, Keys, OrganisationCode, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::{
    registrations::RegistrationEvent,
    text::{BirthDate, NhsNumber, PersonName},
};

pub struct Registrations;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationRow {
    pub practice: OrganisationCode,
    pub name: Personal<PersonName>,
    pub nhs_number: Personal<NhsNumber>,
    pub born_on: Personal<BirthDate>,
    /// The time at which the log recorded the registration, because the event itself has none.
    pub registered_at: Timestamp,
}

impl Registrations {
    /// The key of a person's only row.
    pub fn key(subject: SubjectId) -> Key {
        Key::new(subject, "registration")
    }
}

impl Projection for Registrations {
    const NAME: &'static str = "registrations";
    const VERSION: u32 = 1;
    type Row = RegistrationRow;
    type Event = RegistrationEvent;

    fn keys(fact: &Recorded<RegistrationEvent>) -> Keys {
        match &fact.data {
            RegistrationEvent::Registered(registered) => vec![Self::key(registered.subject)],
        }
    }

    fn evolve(_: &Key, _: Option<RegistrationRow>, fact: &Recorded<RegistrationEvent>) -> Option<RegistrationRow> {
        match &fact.data {
            RegistrationEvent::Registered(registered) => Some(RegistrationRow {
                practice: registered.practice.clone(),
                name: registered.name.clone(),
                nhs_number: registered.nhs_number.clone(),
                born_on: registered.born_on.clone(),
                registered_at: fact.recorded_at,
            }),
        }
    }
}

#[cfg(test)]
mod specs {
    use serde::de::DeserializeOwned;
    use serde_json::json;
    use vocabulary::registrations::PatientRegistered;

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, bob, fold_recorded};

    fn closed<T: DeserializeOwned>(text: &str) -> T {
        serde_json::from_value(json!(text)).expect("a closed text")
    }

    fn registered(subject: SubjectId, practice: &str) -> RegistrationEvent {
        PatientRegistered {
            subject,
            practice: practice.parse().expect("a code"),
            name: closed("p0.IkFsaWNlIEV4YW1wbGUi"),
            nhs_number: closed("p0.Ijk5OTAwMDAwMjYi"),
            born_on: closed("p0.IjE5ODAtMDItMjki"),
        }
        .into()
    }

    #[test]
    fn each_person_is_a_row_with_the_newest_registration() {
        let rows = fold_recorded::<Registrations>([
            (at(NINE), registered(alice(), "A12345")),
            (at(NINE), registered(bob(), "A12345")),
            (at(TEN_PAST), registered(alice(), "B54321")),
        ]);
        let row = |subject| {
            let row = rows.get(&Registrations::key(subject)).expect("a row");
            (row.practice.as_str(), row.registered_at)
        };
        assert_eq!(rows.len(), 2);
        assert_eq!((row(alice()), row(bob())), (("B54321", at(TEN_PAST)), ("A12345", at(NINE))));
    }

    #[test]
    fn personal_fields_stay_closed() {
        let rows = fold_recorded::<Registrations>([(at(NINE), registered(alice(), "A12345"))]);
        let row = serde_json::to_value(rows.get(&Registrations::key(alice()))).expect("writes");
        let expected = json!({"practice": "A12345", "name": "p0.IkFsaWNlIEV4YW1wbGUi",
            "nhsNumber": "p0.Ijk5OTAwMDAwMjYi", "bornOn": "p0.IjE5ODAtMDItMjki", "registeredAt": NINE});
        assert_eq!(row, expected);
    }
}
