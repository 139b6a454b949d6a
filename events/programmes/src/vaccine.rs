//! The vaccines of a programme.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::age::AgeRange;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vaccine {
    pub id: String,
    /// The name that is printed on the package.
    pub name: String,
    pub manufacturer: String,
    /// The ages at the date of the appointment for which the vaccine is licensed or recommended.
    pub ages: AgeRange,
    /// The routes by which it can be given, at least one.
    pub routes: Vec<VaccineRoute>,
    /// May a course that was begun with this vaccine go on with another one, and the other way round? If not, the next dose is
    /// the same vaccine, provided that the next dose can be it.
    pub may_be_mixed: bool,
    /// Absent if there is no pass for the programme.
    #[serde(default)]
    pub pass: Option<PassCodes>,
}

/// The codes of the vaccine in an EU Digital COVID Certificate, from the value sets of the eHealth Network.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PassCodes {
    /// The disease targeted, SNOMED CT.
    pub tg: String,
    /// The kind of vaccine, SNOMED CT or ATC.
    pub vp: String,
    /// The product, the number of its authorisation in the EU.
    pub mp: String,
    /// The holder of the authorisation, a code of the European Medicines Agency (SPOR).
    pub ma: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VaccineRoute {
    Intramuscular,
    Subcutaneous,
    Intradermal,
    Intranasal,
    Oral,
}

impl VaccineRoute {
    pub const ALL: [VaccineRoute; 5] = [
        VaccineRoute::Intramuscular,
        VaccineRoute::Subcutaneous,
        VaccineRoute::Intradermal,
        VaccineRoute::Intranasal,
        VaccineRoute::Oral,
    ];

    pub fn name(self) -> &'static str {
        match self {
            VaccineRoute::Intramuscular => "intramuscular",
            VaccineRoute::Subcutaneous => "subcutaneous",
            VaccineRoute::Intradermal => "intradermal",
            VaccineRoute::Intranasal => "intranasal",
            VaccineRoute::Oral => "oral",
        }
    }
}

impl fmt::Display for VaccineRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
