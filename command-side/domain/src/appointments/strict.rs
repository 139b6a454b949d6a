//! The strict form of a type that events also contain: commands reject unknown fields, and events tolerate them.

use event_core::{LocalDate, text::Line};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::{PractitionerId, appointments::Practitioner};

/// A clinician as patients see them.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Practitioner", rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Practitioner")]
pub struct StrictPractitioner {
    pub name: Line,
    pub role: Line,
}

/// A practitioner, and a day in London.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PractitionersDay")]
pub struct StrictPractitionersDay {
    pub practitioner: PractitionerId,
    pub on: LocalDate,
}

#[cfg(test)]
mod specs {
    use serde_json::{Value, json};

    use crate::{appointments::PublishSession, spec::refuses};

    #[test]
    fn a_practitioner_with_more_than_a_name_and_a_role_is_refused() {
        let session = |practitioner: Value| {
            json!({"session": "A12345.000000000001", "on": "2026-03-09", "from": "09:00", "until": "10:00",
                "slotMinutes": 10, "capacity": 1, "service": "gp", "channel": "video", "practitioner": practitioner})
        };
        assert!(refuses::<PublishSession>(session(json!({"name": "Dr A", "role": "GP", "phone": "1"}))));
        assert!(!refuses::<PublishSession>(session(json!({"name": "Dr A", "role": "GP"}))));
    }
}
