//! Waiting lists for slots of a site that become free. Stream `waiting-<code>.<first day of a month>`: a list for the people
//! that joined in that month, so that no list grows without end. A person is in one of the site's lists at a time.

use event_core::{LocalDate, OrganisationCode, SubjectId, Timestamp, events};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BookedTime, Channel, SERVICE, ServiceType};
use crate::ids::SessionId;

events! {
    /// The events of the waiting list of one site, for those who joined in one month. The kinds have a prefix of their own,
    /// like those of publishing, because a read model of the previous release would stop at them otherwise.
    WaitingEvent of SERVICE as "waiting" on "waiting" by (site, month) {
        Joined(WaitingJoined) = "waiting.joined.v1",
        Offered(SlotOffered) = "waiting.slot-offered.v1",
        Accepted(OfferAccepted) = "waiting.offer-accepted.v1",
        Lapsed(OfferLapsed) = "waiting.offer-lapsed.v1",
        Left(WaitingLeft) = "waiting.left.v1",
        Passed(SlotPassed) = "waiting.slot-passed.v1",
    }
}

/// A patient joined the waiting list: a freed slot of this service, between these days, is offered to the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingJoined {
    pub site: OrganisationCode,
    /// The first day of the month in which the patient joined, in London.
    pub month: LocalDate,
    pub patient: SubjectId,
    pub service: ServiceType,
    /// Absent if every channel suits the patient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The first and the last day that suit the patient, in London.
    pub earliest: LocalDate,
    pub latest: LocalDate,
    pub joined_at: Timestamp,
}

/// A slot that became free was offered to a patient, and is held for the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotOffered {
    pub site: OrganisationCode,
    pub month: LocalDate,
    pub patient: SubjectId,
    pub time: BookedTime,
    pub offered_at: Timestamp,
    /// From this instant on the offer cannot be accepted, and the slot is not held.
    pub expires_at: Timestamp,
}

/// A patient accepted an offer: the slot is booked, and the patient waits no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferAccepted {
    pub site: OrganisationCode,
    pub month: LocalDate,
    pub patient: SubjectId,
    pub time: BookedTime,
    pub accepted_at: Timestamp,
}

/// A patient declined an offer, or did not answer it in time. The slot is offered to the next in line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferLapsed {
    pub site: OrganisationCode,
    pub month: LocalDate,
    pub patient: SubjectId,
    pub session: SessionId,
    pub starts_at: Timestamp,
    pub lapsed_at: Timestamp,
    /// True if the patient waits no longer, because as many offers lapsed as are allowed.
    pub ended: bool,
    /// Slots that became free during the offer and suit the patient. They are offered now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<OfferedSlot>,
}

/// A patient left the waiting list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingLeft {
    pub site: OrganisationCode,
    pub month: LocalDate,
    pub patient: SubjectId,
    /// The slot that was offered and not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered: Option<OfferedSlot>,
    pub left_at: Timestamp,
}

/// A slot became free, and all people that it suits had an offer. It is offered when one of these offers lapses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotPassed {
    pub site: OrganisationCode,
    pub month: LocalDate,
    pub time: BookedTime,
    pub passed_at: Timestamp,
}

/// A slot that is offered, or was free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferedSlot {
    pub session: SessionId,
    pub starts_at: Timestamp,
}
