//! What a command's parts look like at the door: readers of commands refuse fields that they do not know, readers of
//! events tolerate them. So a part that events also carry is read here in its strict form, and nowhere else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::{
    appointment::Practitioner,
    organ_donation::{Organ, OrganDecision},
    practice::PracticeSettings,
    text::{Line, PersonName},
};

use crate::{
    organ_donation::donor::REPRESENTATIVES_MAX,
    practices::practice::{BOOKING_WINDOW_DAYS_MAX, CANCEL_CUT_OFF_MINUTES_MAX, OPEN_BOOKINGS_MAX},
};

/// A clinician as patients see them.
#[derive(Deserialize, JsonSchema)]
#[serde(remote = "Practitioner", rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Practitioner")]
pub struct StrictPractitioner {
    pub name: Line,
    pub role: Line,
}

/// What a practice may set for itself. What is left out has its default (written into the schema, so it is writable).
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
}

impl Default for StrictSettings {
    fn default() -> StrictSettings {
        let PracticeSettings { booking_window_days, open_bookings_max, cancel_cut_off_minutes } = Default::default();
        StrictSettings { booking_window_days, open_bookings_max, cancel_cut_off_minutes }
    }
}

/// What somebody decides.
// Braces on those without fields: serde lets a unit variant of a tagged enum have any fields, so that an opt-out with
// organs would pass as an opt-out.
#[derive(Deserialize, JsonSchema)]
#[serde(remote = "OrganDecision", tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "OrganDecision")]
pub enum StrictDecision {
    /// All organs and tissue.
    OptInAll {},
    /// The organs that are named: at least one, none twice.
    OptInSome {
        #[schemars(length(min = 1), extend("uniqueItems" = true))]
        organs: Vec<Organ>,
    },
    /// None.
    OptOut {},
    /// Somebody else decides: at most two people, completed on paper.
    AppointedRepresentative {
        #[schemars(length(min = 1, max = REPRESENTATIVES_MAX))]
        representatives: Vec<PersonName>,
    },
}

#[cfg(test)]
mod specs {
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};
    use vocabulary::organ_donation::OrganDecision;

    use crate::{
        appointments::PublishSession,
        organ_donation::{AmendDecision, RegisterDonor},
        practices::{ChangePracticeSettings, OpenPractice},
        spec::alice,
    };

    fn refused<C: DeserializeOwned>(body: Value) -> bool {
        serde_json::from_value::<C>(body.clone()).is_err() && serde_json::from_str::<C>(&body.to_string()).is_err()
    }

    #[test]
    fn an_opt_out_with_organs_is_refused_rather_than_half_understood() {
        for kind in ["opt-out", "opt-in-all"] {
            let body = json!({"subject": alice(), "decision": {"kind": kind, "organs": ["heart"]}});
            assert!(refused::<RegisterDonor>(body.clone()) && refused::<AmendDecision>(body), "{kind}");
        }
        let known = json!({"subject": alice(), "decision": {"kind": "opt-out"}});
        let known: RegisterDonor = serde_json::from_value(known).expect("an opt-out");
        assert!(known.decision == OrganDecision::OptOut);
    }

    #[test]
    fn a_misspelt_setting_is_refused_rather_than_ignored() {
        let settings = json!({"bookingWindowDayz": 7});
        assert!(refused::<ChangePracticeSettings>(json!({"practice": "A12345", "settings": settings})));
        let open = |settings| json!({"practice": "A12345", "name": "x", "address": "y", "settings": settings});
        assert!(refused::<OpenPractice>(open(settings)));
        let one: OpenPractice = serde_json::from_value(open(json!({"bookingWindowDays": 7}))).expect("one setting");
        assert_eq!((one.settings.booking_window_days, one.settings.open_bookings_max), (7, 3));
        let none = json!({"practice": "A12345", "name": "x", "address": "y"});
        let none: OpenPractice = serde_json::from_value(none).expect("no settings");
        assert_eq!(none.settings, Default::default());
    }

    #[test]
    fn a_practitioner_with_more_than_a_name_and_a_role_is_refused() {
        let session = |practitioner: Value| {
            json!({"session": "A12345.000000000001", "on": "2026-03-09", "from": "09:00", "until": "10:00",
                "slotMinutes": 10, "capacity": 1, "service": "gp", "channel": "video", "practitioner": practitioner})
        };
        assert!(refused::<PublishSession>(session(json!({"name": "Dr A", "role": "GP", "phone": "1"}))));
        assert!(!refused::<PublishSession>(session(json!({"name": "Dr A", "role": "GP"}))));
    }
}
