//! The prescriptions that were sent to a pharmacy and are not completed, oldest first.

use event_core::{Key, Keys, OrganisationCode, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::prescriptions::{DispenseStep, PrescriptionEvent, PrescriptionId, RepeatRequestId};

use super::{by_time, my_prescriptions::PrescriptionItemRow};

pub struct PharmacyWork;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkRow {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub practice: OrganisationCode,
    pub prescription: PrescriptionId,
    pub sent_at: Timestamp,
    pub items: Vec<PrescriptionItemRow>,
}

impl PharmacyWork {
    pub fn partition(pharmacy: &OrganisationCode) -> String {
        pharmacy.to_string()
    }

    fn key(pharmacy: &OrganisationCode, sent_at: Timestamp, of: (SubjectId, &RepeatRequestId)) -> Key {
        Key::new(pharmacy, by_time(sent_at, of.0, of.1))
    }
}

impl Projection for PharmacyWork {
    const NAME: &'static str = "pharmacy_work";
    const VERSION: u32 = 1;
    type Row = WorkRow;
    type Event = PrescriptionEvent;

    fn keys(fact: &Recorded<PrescriptionEvent>) -> Keys {
        match &fact.data {
            PrescriptionEvent::Sent(event) => {
                vec![Self::key(&event.pharmacy, event.sent_at, (event.patient, &event.request))]
            }
            PrescriptionEvent::Reported(event) => {
                vec![Self::key(&event.pharmacy, event.sent_at, (event.patient, &event.request))]
            }
            PrescriptionEvent::Completed(event) => {
                vec![Self::key(&event.pharmacy, event.sent_at, (event.patient, &event.request))]
            }
            PrescriptionEvent::Requested(_)
            | PrescriptionEvent::Cancelled(_)
            | PrescriptionEvent::Approved(_)
            | PrescriptionEvent::Rejected(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<WorkRow>, fact: &Recorded<PrescriptionEvent>) -> Option<WorkRow> {
        match &fact.data {
            PrescriptionEvent::Sent(event) => Some(WorkRow {
                patient: event.patient,
                request: event.request.clone(),
                practice: event.practice.clone(),
                prescription: event.prescription.clone(),
                sent_at: event.sent_at,
                items: PrescriptionItemRow::all(&event.items),
            }),
            PrescriptionEvent::Reported(event) => row.map(|mut row| {
                let step = DispenseStep { at: event.at, status: event.status };
                PrescriptionItemRow::report(&mut row.items, &event.plan, step);
                row
            }),
            PrescriptionEvent::Completed(_) => None,
            PrescriptionEvent::Requested(_)
            | PrescriptionEvent::Cancelled(_)
            | PrescriptionEvent::Approved(_)
            | PrescriptionEvent::Rejected(_) => row,
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::prescriptions::DispenseStatus;

    use super::*;
    use crate::{
        prescriptions::scenes::{approved, completed, pharmacy, reported, requested, sent},
        spec::{NINE, at, fold},
    };

    #[test]
    fn a_pharmacy_has_the_prescriptions_that_were_sent_to_it_until_they_are_completed() {
        let events = [requested(1, &[1]), approved(1), sent(1, &[1])];
        let rows = fold::<PharmacyWork>(events.clone());
        assert!(rows.keys().all(|key| key.partition == PharmacyWork::partition(&pharmacy())));
        assert_eq!(rows.len(), 1);
        assert!(fold::<PharmacyWork>(events.into_iter().chain([completed(1)])).is_empty());
    }

    #[test]
    fn a_late_report_does_not_bring_a_completed_prescription_back() {
        let late = reported(1, 1, DispenseStatus::Preparing, at(NINE));
        let events = [requested(1, &[1]), approved(1), sent(1, &[1]), completed(1), late];
        assert!(fold::<PharmacyWork>(events).is_empty());
    }
}
