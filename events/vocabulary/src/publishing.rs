//! Publishing: how many clinic sessions a site publishes on one day. Stream `publishing-<ODS>.<day>`.
//!
//! It is a service of its own because read models follow whole services: those of the release before stop at a kind of
//! theirs that they do not know, and pass over the kinds of a service that they do not follow.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    event::events,
    ids::{OdsCode, SessionId},
    time::LocalDate,
};

events! {
    /// What one site publishes on one day.
    PublishingEvent of "publishing" on "publishing" {
        Counted(SessionCounted) = "publishing.session-counted.v1",
    }
}

/// That a site published a session: counted against the limit of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionCounted {
    pub site: OdsCode,
    /// The day on which it was published, in London. It is not the day of the session.
    pub on: LocalDate,
    pub session: SessionId,
}
