//! The practices: their names, addresses and settings.

use event_core::{Key, Keys, OrganisationCode, Projection, Recorded, text::Line};
use serde::{Deserialize, Serialize};
use vocabulary::practices::{PracticeEvent, PracticeSettings};

pub struct Practices;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PracticeRow {
    pub practice: OrganisationCode,
    pub name: Line,
    pub address: Line,
    pub settings: PracticeSettings,
}

impl Practices {
    /// All practices are in one partition, ordered by code.
    pub const PARTITION: &str = "practices";

    pub fn key(practice: &OrganisationCode) -> Key {
        Key::new(Self::PARTITION, practice)
    }
}

impl Projection for Practices {
    const NAME: &'static str = "practices";
    const VERSION: u32 = 1;
    type Row = PracticeRow;
    type Event = PracticeEvent;

    fn keys(fact: &Recorded<PracticeEvent>) -> Keys {
        match &fact.data {
            PracticeEvent::Opened(opened) => vec![Self::key(&opened.practice)],
            PracticeEvent::SettingsChanged(changed) => vec![Self::key(&changed.practice)],
        }
    }

    fn evolve(_: &Key, row: Option<PracticeRow>, fact: &Recorded<PracticeEvent>) -> Option<PracticeRow> {
        match &fact.data {
            PracticeEvent::Opened(opened) => Some(PracticeRow {
                practice: opened.practice.clone(),
                name: opened.name.clone(),
                address: opened.address.clone(),
                settings: opened.settings,
            }),
            PracticeEvent::SettingsChanged(changed) => row.map(|row| PracticeRow { settings: changed.settings, ..row }),
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::practices::{PracticeOpened, SettingsChanged};

    use super::*;
    use crate::spec::{fold, site};

    #[test]
    fn a_practice_is_listed_with_its_newest_settings() {
        let line = |text: &str| text.parse::<Line>().expect("valid");
        let opened = PracticeOpened {
            practice: site(),
            name: line("High Street"),
            address: line("1 High Street"),
            settings: PracticeSettings::default(),
        };
        let settings = PracticeSettings { open_bookings_max: 5, ..PracticeSettings::default() };
        let rows =
            fold::<Practices>([opened.into(), SettingsChanged { practice: site(), settings, changed_at: None }.into()]);
        let row = rows.get(&Practices::key(&site())).expect("a row");
        assert_eq!((row.name.as_str(), row.settings), ("High Street", settings));
    }
}
