use event_core::OrganisationCode;
use vocabulary::{
    practices::{PRACTICE_NOT_FOUND, PracticeSettings, SettingsChanged},
    time::LONDON,
};

use super::strict::StrictSettings;
use super::{
    practice::{Practice, check},
    rejections::{SETTINGS_CHANGED_TOO_OFTEN, SETTINGS_INVALID},
};
use crate::prelude::*;

/// Change the settings of a practice: the booking window, the number of open bookings and the cancellation cut-off.
///
/// At most 20 times a day, from midnight to midnight in London.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePracticeSettings {
    pub practice: OrganisationCode,
    /// The complete settings. A setting that is left out gets its default.
    #[serde(with = "StrictSettings")]
    #[schemars(with = "StrictSettings")]
    pub settings: PracticeSettings,
}

impl Command for ChangePracticeSettings {
    const NAME: &'static str = "change-practice-settings";
    const WHO: &'static dyn AccessRule = &staff(Permission::PracticeAdmin);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&PRACTICE_NOT_FOUND, &SETTINGS_INVALID, &SETTINGS_CHANGED_TOO_OFTEN];
    type Reads = Practice;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.practice)
    }

    fn decide(&self, practice: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        if *practice.settings()? == self.settings {
            return Ok(nothing_new());
        }
        check(&self.settings)?;
        practice.may_change_settings(LONDON.day(context.now))?;
        let (practice, settings) = (self.practice.clone(), self.settings);
        let changed = SettingsChanged { practice, settings, changed_at: Some(context.now) };
        Ok(record(changed))
    }
}

#[cfg(test)]
mod specs {

    use super::*;
    use crate::{practices::practice::SETTINGS_CHANGES_A_DAY_MAX, spec::*};

    fn change(settings: PracticeSettings) -> ChangePracticeSettings {
        ChangePracticeSettings { practice: site(), settings }
    }

    #[test]
    fn a_practice_changes_its_settings_once() {
        let later = PracticeSettings { booking_window_days: 14, ..PracticeSettings::default() };
        let changed = settings_changed(later);
        let opened = world().given(practice_opened(PracticeSettings::default()));
        opened.when(change(later)).records(&[&changed]).when(change(later)).nothing_new();
    }

    #[test]
    fn settings_are_changed_20_times_a_day() {
        let window = |days| PracticeSettings { booking_window_days: days, ..PracticeSettings::default() };
        let kinds = ["practice.settings-changed.v1"];
        // Events that were recorded before the limit existed have no decision time and are not counted.
        let before = SettingsChanged { practice: site(), settings: window(99), changed_at: None };
        let changes = (1..).map(window).take(SETTINGS_CHANGES_A_DAY_MAX as usize);
        let full =
            changes.fold(surgery().given(before), |world, settings| world.when(change(settings)).records_kinds(&kinds));
        let details = full.clone().when(change(window(50))).rejected_with(&SETTINGS_CHANGED_TOO_OFTEN);
        assert_eq!(details["limit"], SETTINGS_CHANGES_A_DAY_MAX);
        full.clone().when(change(window(20))).nothing_new();
        full.at("2026-03-03T00:00:00Z").when(change(window(50))).records_kinds(&kinds);
    }

    #[test]
    fn settings_of_an_unknown_practice_and_impossible_ones_are_refused() {
        world().when(change(PracticeSettings::default())).rejected(&PRACTICE_NOT_FOUND);
        let none_ahead = PracticeSettings { booking_window_days: 0, ..PracticeSettings::default() };
        surgery().when(change(none_ahead)).rejected(&SETTINGS_INVALID);
    }
}
