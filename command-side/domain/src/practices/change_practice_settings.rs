//! Change what a practice sets for itself: how far ahead, how many, how late.

use schemars::JsonSchema;
use serde::Deserialize;
use vocabulary::{
    OdsCode, SubjectId,
    practice::{PracticeSettings, SettingsChanged},
};

use super::{
    practice::{Practice, check},
    rejections::{PRACTICE_NOT_FOUND, SETTINGS_INVALID},
};
use crate::{
    Access, Command, Context, Decision, Permission, Rejected, Rejection, Stream,
    access::staff,
    command::{nothing_new, record},
    strict::StrictSettings,
};

/// Change what a practice sets for itself: how far ahead, how many, how late.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePracticeSettings {
    pub practice: OdsCode,
    /// All of them; what is left out has its default.
    #[serde(with = "StrictSettings")]
    #[schemars(with = "StrictSettings")]
    pub settings: PracticeSettings,
}

impl Command for ChangePracticeSettings {
    const NAME: &'static str = "change-practice-settings";
    const WHO: Access = staff(Permission::PracticeAdmin);
    const REJECTIONS: &'static [&'static Rejection] = &[&PRACTICE_NOT_FOUND, &SETTINGS_INVALID];
    type Reads = Practice;

    fn subject(&self) -> Option<SubjectId> {
        None
    }

    fn organisation(&self) -> Option<OdsCode> {
        Some(self.practice.clone())
    }

    fn streams(&self) -> Stream<Practice> {
        Stream::of(&self.practice)
    }

    fn decide(&self, practice: &Practice, _: &Context) -> Result<Decision, Rejected> {
        if *practice.settings()? == self.settings {
            return Ok(nothing_new());
        }
        check(&self.settings)?;
        Ok(record(&self.streams(), SettingsChanged { practice: self.practice.clone(), settings: self.settings }))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::practice::PracticeEvent;

    use super::*;
    use crate::spec::*;

    fn change(settings: PracticeSettings) -> ChangePracticeSettings {
        ChangePracticeSettings { practice: site(), settings }
    }

    #[test]
    fn a_practice_changes_its_settings_once() {
        let later = PracticeSettings { booking_window_days: 14, ..PracticeSettings::default() };
        let changed: PracticeEvent = SettingsChanged { practice: site(), settings: later }.into();
        let opened = world().given::<PracticeEvent>(practice_opened(PracticeSettings::default()));
        opened.when(change(later)).records(&[&changed]).when(change(later)).nothing_new();
    }

    #[test]
    fn settings_of_an_unknown_practice_and_impossible_ones_are_refused() {
        world().when(change(PracticeSettings::default())).rejected(&PRACTICE_NOT_FOUND);
        let none_ahead = PracticeSettings { booking_window_days: 0, ..PracticeSettings::default() };
        surgery().when(change(none_ahead)).rejected(&SETTINGS_INVALID);
    }
}
