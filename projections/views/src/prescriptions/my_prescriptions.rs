//! The requests of a patient, each with the timelines of its medicines. The timelines are kept by the time at which a
//! report is true, so the order in which reports arrive changes nothing, and the query decides which of them have matured.

use event_core::{Key, Keys, OrganisationCode, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::prescriptions::{
    DispenseStep, DispenseTimeline, Medicine, PlanId, PrescriptionEvent, PrescriptionId, PrescriptionItem,
    RefusalReason, RepeatRequestId, RequestNote, RequestStage,
};

use super::by_time;

pub struct MyPrescriptions;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrescriptionRow {
    pub request: RepeatRequestId,
    pub practice: OrganisationCode,
    /// The pharmacy: the one of the request, and from the approval on the one that it goes to.
    pub pharmacy: OrganisationCode,
    pub one_off: bool,
    pub note: Option<Personal<RequestNote>>,
    /// The reason of a rejection.
    pub reason: Option<Personal<RefusalReason>>,
    pub prescription: Option<PrescriptionId>,
    /// The steps so far, oldest first: four at most.
    pub steps: Vec<StageStep>,
    /// True if it was completed because its time had ended.
    pub expired: bool,
    pub items: Vec<PrescriptionItemRow>,
}

/// A step of a request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageStep {
    pub stage: RequestStage,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrescriptionItemRow {
    pub plan: PlanId,
    pub medicine: Personal<Medicine>,
    pub timeline: DispenseTimeline,
}

impl PrescriptionItemRow {
    pub(super) fn all(items: &[PrescriptionItem]) -> Vec<PrescriptionItemRow> {
        let row = |item: &PrescriptionItem| PrescriptionItemRow {
            plan: item.plan.clone(),
            medicine: item.medicine.clone(),
            timeline: DispenseTimeline::default(),
        };
        items.iter().map(row).collect()
    }

    /// Adds a report to the medicine that it is about.
    pub(super) fn report(items: &mut [PrescriptionItemRow], plan: &PlanId, step: DispenseStep) {
        if let Some(item) = items.iter_mut().find(|item| item.plan == *plan) {
            item.timeline.add(step);
        }
    }
}

impl MyPrescriptions {
    pub fn partition(patient: SubjectId) -> String {
        patient.to_string()
    }

    pub fn key(patient: SubjectId, requested_at: Timestamp, request: &RepeatRequestId) -> Key {
        Key::new(patient, by_time(requested_at, patient, request))
    }
}

impl Projection for MyPrescriptions {
    const NAME: &'static str = "my_prescriptions";
    const VERSION: u32 = 1;
    type Row = PrescriptionRow;
    type Event = PrescriptionEvent;

    fn keys(fact: &Recorded<PrescriptionEvent>) -> Keys {
        let (patient, requested_at, request) = match &fact.data {
            PrescriptionEvent::Requested(event) => (event.patient, event.requested_at, &event.request),
            PrescriptionEvent::Cancelled(event) => (event.patient, event.requested_at, &event.request),
            PrescriptionEvent::Approved(event) => (event.patient, event.requested_at, &event.request),
            PrescriptionEvent::Rejected(event) => (event.patient, event.requested_at, &event.request),
            PrescriptionEvent::Sent(event) => (event.patient, event.requested_at, &event.request),
            PrescriptionEvent::Reported(event) => (event.patient, event.requested_at, &event.request),
            PrescriptionEvent::Completed(event) => (event.patient, event.requested_at, &event.request),
        };
        vec![Self::key(patient, requested_at, request)]
    }

    fn evolve(_: &Key, row: Option<PrescriptionRow>, fact: &Recorded<PrescriptionEvent>) -> Option<PrescriptionRow> {
        if let PrescriptionEvent::Requested(event) = &fact.data {
            return Some(PrescriptionRow {
                request: event.request.clone(),
                practice: event.practice.clone(),
                pharmacy: event.pharmacy.clone(),
                one_off: event.one_off,
                note: event.note.clone(),
                reason: None,
                prescription: None,
                steps: vec![StageStep { stage: RequestStage::Requested, at: event.requested_at }],
                expired: false,
                items: PrescriptionItemRow::all(&event.items),
            });
        }
        let mut row = row?;
        let step = match &fact.data {
            PrescriptionEvent::Requested(_) => None,
            PrescriptionEvent::Cancelled(event) => Some((RequestStage::Cancelled, event.cancelled_at)),
            PrescriptionEvent::Approved(event) => {
                row.pharmacy = event.pharmacy.clone();
                Some((RequestStage::Approved, event.approved_at))
            }
            PrescriptionEvent::Rejected(event) => {
                row.reason = Some(event.reason.clone());
                Some((RequestStage::Rejected, event.rejected_at))
            }
            PrescriptionEvent::Sent(event) => {
                row.pharmacy = event.pharmacy.clone();
                row.prescription = Some(event.prescription.clone());
                Some((RequestStage::SentToPharmacy, event.sent_at))
            }
            PrescriptionEvent::Reported(event) => {
                let step = DispenseStep { at: event.at, status: event.status };
                PrescriptionItemRow::report(&mut row.items, &event.plan, step);
                None
            }
            PrescriptionEvent::Completed(event) => {
                row.expired = event.expired;
                Some((RequestStage::Completed, event.completed_at))
            }
        };
        row.steps.extend(step.map(|(stage, at)| StageStep { stage, at }));
        Some(row)
    }
}

#[cfg(test)]
mod specs {
    use proptest::{
        prelude::*,
        test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
    };
    use vocabulary::prescriptions::DispenseStatus;

    use super::*;
    use crate::{
        prescriptions::scenes::{approved, completed, rejected, reported, requested, sent},
        spec::{NINE, alice, at, fold},
    };

    fn row(events: impl IntoIterator<Item = PrescriptionEvent>) -> PrescriptionRow {
        fold::<MyPrescriptions>(events).into_values().next().expect("a row")
    }

    #[test]
    fn a_request_shows_its_steps_and_the_number_of_its_prescription() {
        let row = row([requested(1, &[1, 2]), approved(1), sent(1, &[1, 2]), completed(1)]);
        let stages: Vec<_> = row.steps.iter().map(|step| step.stage).collect();
        let all =
            [RequestStage::Requested, RequestStage::Approved, RequestStage::SentToPharmacy, RequestStage::Completed];
        assert_eq!(stages, all);
        assert!(row.prescription.is_some());
        assert_eq!(row.items.len(), 2);
    }

    #[test]
    fn a_rejection_has_its_reason_in_closed_form() {
        let row = row([requested(1, &[1]), rejected(1)]);
        assert_eq!(row.steps.last().map(|step| step.stage), Some(RequestStage::Rejected));
        assert!(serde_json::to_string(&row.reason).expect("writes").contains("p0."));
    }

    #[test]
    fn the_newest_request_has_the_greatest_key() {
        let keys: Vec<_> = [NINE, "2026-03-09T09:00:00.5Z", "2026-03-09T09:00:01Z"]
            .map(|instant| MyPrescriptions::key(alice(), at(instant), &"000000000001".parse().expect("an id")))
            .into();
        assert_eq!(keys[0], keys[1], "a key has whole seconds");
        assert!(keys[1] < keys[2]);
    }

    const STATUSES: [DispenseStatus; 7] = [
        DispenseStatus::WithPharmacy,
        DispenseStatus::Preparing,
        DispenseStatus::ReadyToCollect,
        DispenseStatus::ReadyToDispatch,
        DispenseStatus::Dispatched,
        DispenseStatus::NotDispensed,
        DispenseStatus::Collected,
    ];

    /// Reports about two medicines, at eight instants, some of which are equal; and an order in which they arrive, with
    /// repeats.
    fn reports() -> impl Strategy<Value = (Vec<(u32, usize, i64)>, Vec<prop::sample::Index>)> {
        let report = (1..3_u32, 0..STATUSES.len(), 0..8_i64);
        (prop::collection::vec(report, 1..12), prop::collection::vec(any::<prop::sample::Index>(), 0..12))
    }

    /// The status that the definition gives, without the timeline: the newest report that is true by now and, of several for
    /// one instant, the last in the list of statuses.
    fn expected(reports: &[(u32, usize, i64)], item: u32, minute: i64) -> Option<DispenseStatus> {
        let matured = reports.iter().filter(|(of, _, at)| *of == item && *at <= minute);
        matured.max_by_key(|(_, status, at)| (*at, *status)).map(|(_, status, _)| STATUSES[*status])
    }

    #[test]
    fn in_whatever_order_reports_arrive_the_timelines_are_the_same() {
        let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
        let minute = |n: i64| at(NINE).plus_minutes(n);
        let event = |(item, status, at): &(u32, usize, i64)| reported(1, *item, STATUSES[*status], minute(*at));
        TestRunner::new_with_rng(config, random)
            .run(&(reports(), any::<prop::sample::Index>()), |((reports, repeats), rotation)| {
                let arrive = |reports: Vec<&(u32, usize, i64)>| {
                    let before = [requested(1, &[1, 2]), approved(1), sent(1, &[1, 2])];
                    row(before.into_iter().chain(reports.into_iter().map(event)))
                };
                let in_order = arrive(reports.iter().collect());
                let mut shuffled: Vec<_> = reports.iter().rev().collect();
                shuffled.rotate_left(rotation.index(reports.len()));
                shuffled.extend(repeats.iter().map(|repeat| repeat.get(&reports)));
                prop_assert_eq!(&arrive(shuffled), &in_order);
                for (item, now) in [1, 2].into_iter().flat_map(|item| (-1..9).map(move |now| (item, now))) {
                    let standing = in_order.items[item as usize - 1].timeline.standing(minute(now));
                    prop_assert_eq!(standing.map(|step| step.status), expected(&reports, item, now));
                }
                Ok(())
            })
            .expect("the law holds");
    }
}
