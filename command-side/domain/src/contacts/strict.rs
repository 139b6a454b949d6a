//! The strict form of a type that events also contain: commands reject unknown fields, and events tolerate them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::contacts::Preferences;

/// The consents of a person.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Preferences", rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Preferences")]
pub struct StrictPreferences {
    /// Notifications of the app.
    pub push: bool,
    /// Text messages to the phone number.
    pub sms: bool,
    pub email: bool,
    /// Reminders of appointments, by the ways above.
    pub reminders: bool,
    /// True if the person's data must not be used for research. Exports leave such a person out.
    pub research_opt_out: bool,
}

#[cfg(test)]
mod specs {
    use serde_json::json;

    use crate::{
        contacts::SetPreferences,
        spec::{alice, refuses},
    };

    #[test]
    fn a_consent_of_a_kind_that_is_not_known_is_refused() {
        let mut body = json!({"subject": alice(), "preferences":
            {"push": true, "sms": false, "email": false, "reminders": true, "researchOptOut": true}});
        assert!(!refuses::<SetPreferences>(body.clone()));
        body["preferences"]["fax"] = true.into();
        assert!(refuses::<SetPreferences>(body));
    }
}
