use event_core::{OrganisationCode, text::Line};
use vocabulary::practices::{PracticeOpened, PracticeSettings};

use super::strict::StrictSettings;
use super::{
    practice::{Practice, check},
    rejections::{PRACTICE_EXISTS, SETTINGS_INVALID},
};
use crate::prelude::*;

/// Open a practice on the platform, so that people can register and book there.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenPractice {
    /// Its code in the Organisation Data Service.
    pub practice: OrganisationCode,
    pub name: Line,
    /// The address in one line, as on a letter.
    pub address: Line,
    /// The settings of the practice. A setting that is left out gets its default.
    #[serde(default, with = "StrictSettings", skip_serializing_if = "is_default")]
    #[schemars(with = "StrictSettings")]
    pub settings: PracticeSettings,
}

fn is_default(settings: &PracticeSettings) -> bool {
    *settings == PracticeSettings::default()
}

impl Command for OpenPractice {
    const NAME: &'static str = "open-practice";
    const WHO: &'static dyn AccessRule = &operator(Permission::Practices);
    const REJECTIONS: &'static [&'static Rejection] = &[&PRACTICE_EXISTS, &SETTINGS_INVALID];
    type Reads = Practice;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.practice)
    }

    fn decide(&self, practice: States<'_, Self>, _: &Context) -> Result<Decision, Rejected> {
        let opened = PracticeOpened {
            practice: self.practice.clone(),
            name: self.name.clone(),
            address: self.address.clone(),
            settings: self.settings,
        };
        match practice {
            Practice::Open { practice, .. } if *practice == opened => Ok(nothing_new()),
            Practice::Open { .. } => Err((&PRACTICE_EXISTS).into()),
            Practice::Unknown => {
                check(&self.settings)?;
                Ok(record(opened))
            }
        }
    }
}

#[cfg(test)]
mod specs {

    use super::*;
    use crate::{
        practices::practice::{OFFER_MINUTES_MAX, OPEN_BOOKINGS_MAX},
        spec::*,
    };

    fn open(settings: PracticeSettings) -> OpenPractice {
        OpenPractice { practice: site(), name: line("High Street"), address: line("1 High Street"), settings }
    }

    #[test]
    fn a_practice_is_opened_with_the_default_settings() {
        let defaults = PracticeSettings {
            booking_window_days: 42,
            open_bookings_max: 3,
            cancel_cut_off_minutes: 30,
            repeat_ordering: true,
            repeat_days_early: 7,
            offer_minutes: 30,
        };
        world().when(open(PracticeSettings::default())).records(&[&practice_opened(defaults)]);
    }

    #[test]
    fn opening_it_again_the_same_way_is_nothing_new_and_otherwise_refused() {
        let defaults = PracticeSettings::default();
        let opened = world().given(practice_opened(defaults));
        let others = PracticeSettings { open_bookings_max: 5, ..defaults };
        opened.when(open(defaults)).nothing_new().when(open(others)).rejected(&PRACTICE_EXISTS);
    }

    #[test]
    fn settings_have_limits() {
        let too_many = PracticeSettings { open_bookings_max: OPEN_BOOKINGS_MAX + 1, ..PracticeSettings::default() };
        world().when(open(too_many)).rejected(&SETTINGS_INVALID);
        for offer_minutes in [0, OFFER_MINUTES_MAX + 1] {
            let settings = PracticeSettings { offer_minutes, ..PracticeSettings::default() };
            assert_eq!(world().when(open(settings)).rejected_with(&SETTINGS_INVALID)["setting"], "offerMinutes");
        }
    }
}
