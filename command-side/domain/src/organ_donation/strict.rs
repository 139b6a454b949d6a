//! The strict form of a type that events also contain: commands reject unknown fields, and events tolerate them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::{
    organ_donation::{Organ, OrganDecision},
    text::PersonName,
};

use super::donor::REPRESENTATIVES_MAX;

/// A decision about organ donation.
// Variants without fields have braces because serde accepts any fields on a unit variant of a tagged enum: an opt-out
// with organs would be accepted as an opt-out.
#[derive(Serialize, Deserialize, JsonSchema)]
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
    /// Others decide: at most two people, completed on paper.
    AppointedRepresentative {
        #[schemars(length(min = 1, max = REPRESENTATIVES_MAX))]
        representatives: Vec<PersonName>,
    },
}

#[cfg(test)]
mod specs {
    use serde_json::json;
    use vocabulary::organ_donation::OrganDecision;

    use crate::{
        organ_donation::{AmendDecision, RegisterDonor},
        spec::{alice, refuses},
    };

    #[test]
    fn an_opt_out_with_organs_is_refused_rather_than_half_understood() {
        for kind in ["opt-out", "opt-in-all"] {
            let body = json!({"subject": alice(), "decision": {"kind": kind, "organs": ["heart"]}});
            assert!(refuses::<RegisterDonor>(body.clone()) && refuses::<AmendDecision>(body), "{kind}");
        }
        let known = json!({"subject": alice(), "decision": {"kind": "opt-out"}});
        let known: RegisterDonor = serde_json::from_value(known).expect("an opt-out");
        assert!(known.decision == OrganDecision::OptOut);
    }
}
