//! The requests that wait for a practice's decision, oldest first.

use event_core::{Key, Keys, OrganisationCode, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::prescriptions::{PrescriptionEvent, PrescriptionItem, RepeatRequestId, RequestNote};

use super::by_time;

pub struct ApprovalQueue;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalRow {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub items: Vec<PrescriptionItem>,
    pub note: Option<Personal<RequestNote>>,
    pub pharmacy: OrganisationCode,
    pub one_off: bool,
    pub requested_at: Timestamp,
}

impl ApprovalQueue {
    pub fn partition(practice: &OrganisationCode) -> String {
        practice.to_string()
    }

    fn key(practice: &OrganisationCode, requested_at: Timestamp, of: (SubjectId, &RepeatRequestId)) -> Key {
        Key::new(practice, by_time(requested_at, of.0, of.1))
    }
}

impl Projection for ApprovalQueue {
    const NAME: &'static str = "approval_queue";
    const VERSION: u32 = 1;
    type Row = ApprovalRow;
    type Event = PrescriptionEvent;

    fn keys(fact: &Recorded<PrescriptionEvent>) -> Keys {
        match &fact.data {
            PrescriptionEvent::Requested(event) => {
                vec![Self::key(&event.practice, event.requested_at, (event.patient, &event.request))]
            }
            PrescriptionEvent::Cancelled(event) => {
                vec![Self::key(&event.practice, event.requested_at, (event.patient, &event.request))]
            }
            PrescriptionEvent::Approved(event) => {
                vec![Self::key(&event.practice, event.requested_at, (event.patient, &event.request))]
            }
            PrescriptionEvent::Rejected(event) => {
                vec![Self::key(&event.practice, event.requested_at, (event.patient, &event.request))]
            }
            PrescriptionEvent::Sent(_) | PrescriptionEvent::Reported(_) | PrescriptionEvent::Completed(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<ApprovalRow>, fact: &Recorded<PrescriptionEvent>) -> Option<ApprovalRow> {
        match &fact.data {
            PrescriptionEvent::Requested(event) => Some(ApprovalRow {
                patient: event.patient,
                request: event.request.clone(),
                items: event.items.clone(),
                note: event.note.clone(),
                pharmacy: event.pharmacy.clone(),
                one_off: event.one_off,
                requested_at: event.requested_at,
            }),
            PrescriptionEvent::Cancelled(_) | PrescriptionEvent::Approved(_) | PrescriptionEvent::Rejected(_) => None,
            PrescriptionEvent::Sent(_) | PrescriptionEvent::Reported(_) | PrescriptionEvent::Completed(_) => row,
        }
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        prescriptions::scenes::{approved, cancelled, rejected, request, requested, requested_at},
        spec::{fold, site},
    };

    fn waiting(events: impl IntoIterator<Item = PrescriptionEvent>) -> Vec<RepeatRequestId> {
        let rows = fold::<ApprovalQueue>(events);
        assert!(rows.keys().all(|key| key.partition == ApprovalQueue::partition(&site())));
        rows.into_values().map(|row| row.request).collect()
    }

    #[test]
    fn requests_wait_in_the_order_of_their_time() {
        let late = requested_at(1, &[1], "2026-03-09T11:00:00Z");
        assert_eq!(waiting([late, requested(2, &[2])]), [request(2), request(1)]);
    }

    #[test]
    fn a_request_waits_until_it_is_decided_or_cancelled() {
        for decided in [approved(1), rejected(1), cancelled(1)] {
            assert_eq!(waiting([requested(1, &[1]), requested(2, &[2]), decided]), [request(2)]);
        }
    }
}
