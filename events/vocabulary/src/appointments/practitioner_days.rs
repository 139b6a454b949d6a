//! The clinic sessions of one practitioner on one day. Stream `practitioner-<code>.<day>`.

use event_core::{LocalDate, Timestamp, events};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SERVICE;
use crate::ids::{PractitionerId, SessionId};

events! {
    /// The events of a practitioner's day. The kinds have a prefix of their own, like those of publishing.
    PractitionerEvent of SERVICE as "practitioner" on "practitioner" by (practitioner, on) {
        Planned(PractitionerPlanned) = "practitioner.planned.v1",
        Freed(PractitionerFreed) = "practitioner.freed.v1",
    }
}

/// A practitioner has a clinic session at this time. A session that is planned again has this time only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PractitionerPlanned {
    pub practitioner: PractitionerId,
    /// The day of the session, in London.
    pub on: LocalDate,
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

/// A practitioner does not have this clinic session any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PractitionerFreed {
    pub practitioner: PractitionerId,
    pub on: LocalDate,
    pub session: SessionId,
}
