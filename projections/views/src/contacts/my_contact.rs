//! The contact details and preferences of a person: one row per person.

use event_core::{Key, Keys, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::contacts::{ContactDetails, ContactEvent, Preferences};

pub struct MyContact;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactRow {
    pub details: Option<Personal<ContactDetails>>,
    pub preferences: Preferences,
    pub changed_at: Timestamp,
}

impl MyContact {
    /// The key of a person's only row.
    pub fn key(subject: SubjectId) -> Key {
        Key::new(subject, "contact")
    }
}

impl Projection for MyContact {
    const NAME: &'static str = "my_contact";
    const VERSION: u32 = 1;
    type Row = ContactRow;
    type Event = ContactEvent;

    fn keys(fact: &Recorded<ContactEvent>) -> Keys {
        match &fact.data {
            ContactEvent::Changed(event) => vec![Self::key(event.subject)],
            ContactEvent::PreferencesSet(event) => vec![Self::key(event.subject)],
        }
    }

    fn evolve(_: &Key, row: Option<ContactRow>, fact: &Recorded<ContactEvent>) -> Option<ContactRow> {
        let (details, preferences) = row.map(|row| (row.details, row.preferences)).unwrap_or_default();
        Some(match &fact.data {
            ContactEvent::Changed(event) => {
                ContactRow { details: Some(event.details.clone()), preferences, changed_at: event.changed_at }
            }
            ContactEvent::PreferencesSet(event) => {
                ContactRow { details, preferences: event.preferences, changed_at: event.set_at }
            }
        })
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::contacts::{ContactChanged, PreferencesSet};

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, bob, fold};

    #[test]
    fn each_person_is_a_row_with_the_newest_details_and_preferences() {
        let details: Personal<ContactDetails> = serde_json::from_str("\"p0.e30\"").expect("a closed text");
        let preferences = Preferences { push: true, ..Preferences::default() };
        let set = |subject| PreferencesSet { subject, preferences, set_at: at(NINE) };
        let changed = ContactChanged { subject: alice(), details: details.clone(), changed_at: at(TEN_PAST) };
        let rows = fold::<MyContact>([set(alice()).into(), set(bob()).into(), changed.into()]);
        let row = |subject| rows.get(&MyContact::key(subject)).expect("a row").clone();
        assert_eq!(row(alice()), ContactRow { details: Some(details), preferences, changed_at: at(TEN_PAST) });
        assert_eq!(row(bob()), ContactRow { details: None, preferences, changed_at: at(NINE) });
    }
}
