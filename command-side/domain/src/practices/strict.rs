//! The strict form of a type that events also contain: commands reject unknown fields, and events tolerate them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::practices::PracticeSettings;

use super::practice::{
    BOOKING_WINDOW_DAYS_MAX, CANCEL_CUT_OFF_MINUTES_MAX, OFFER_MINUTES_MAX, OPEN_BOOKINGS_MAX, REPEAT_DAYS_EARLY_MAX,
};

/// The settings of a practice. A setting that is left out gets its default. The schema states the defaults.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "PracticeSettings", rename_all = "camelCase", default, deny_unknown_fields)]
#[schemars(rename = "PracticeSettings")]
pub struct StrictSettings {
    /// How far ahead appointments can be booked.
    #[schemars(range(min = 1, max = BOOKING_WINDOW_DAYS_MAX))]
    pub booking_window_days: u16,
    /// How many bookings one patient may have open, over all channels.
    #[schemars(range(min = 1, max = OPEN_BOOKINGS_MAX))]
    pub open_bookings_max: u8,
    /// How long before its start a booking can still be cancelled or moved.
    #[schemars(range(max = CANCEL_CUT_OFF_MINUTES_MAX))]
    pub cancel_cut_off_minutes: u16,
    /// True if patients can order repeat medicines online.
    pub repeat_ordering: bool,
    /// How many days before the last supply ends the next one can be ordered.
    #[schemars(range(max = REPEAT_DAYS_EARLY_MAX))]
    pub repeat_days_early: u16,
    /// For how long a slot that becomes free is offered to, and held for, a patient on the waiting list.
    #[schemars(range(min = 1, max = OFFER_MINUTES_MAX))]
    pub offer_minutes: u16,
}

impl Default for StrictSettings {
    fn default() -> StrictSettings {
        let PracticeSettings {
            booking_window_days,
            open_bookings_max,
            cancel_cut_off_minutes,
            repeat_ordering,
            repeat_days_early,
            offer_minutes,
        } = Default::default();
        StrictSettings {
            booking_window_days,
            open_bookings_max,
            cancel_cut_off_minutes,
            repeat_ordering,
            repeat_days_early,
            offer_minutes,
        }
    }
}

#[cfg(test)]
mod specs {
    use serde_json::json;

    use crate::{
        practices::{ChangePracticeSettings, OpenPractice},
        spec::refuses,
    };

    #[test]
    fn a_misspelt_setting_is_refused_rather_than_ignored() {
        let settings = json!({"bookingWindowDayz": 7});
        assert!(refuses::<ChangePracticeSettings>(json!({"practice": "A12345", "settings": settings})));
        let open = |settings| json!({"practice": "A12345", "name": "x", "address": "y", "settings": settings});
        assert!(refuses::<OpenPractice>(open(settings)));
        let one: OpenPractice = serde_json::from_value(open(json!({"bookingWindowDays": 7}))).expect("one setting");
        assert_eq!((one.settings.booking_window_days, one.settings.open_bookings_max), (7, 3));
        let none = json!({"practice": "A12345", "name": "x", "address": "y"});
        let none: OpenPractice = serde_json::from_value(none).expect("no settings");
        assert_eq!(none.settings, Default::default());
    }
}
