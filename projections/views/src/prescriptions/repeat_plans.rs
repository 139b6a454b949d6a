//! The repeat plans of a patient: one row per plan, with all that decides if it can be ordered.

use event_core::{Key, Keys, OrganisationCode, Personal, Projection, Recorded, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};
use vocabulary::prescriptions::{Medicine, PlanId, PlanStanding, RepeatEvent};

pub struct RepeatPlans;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RepeatPlanRow {
    pub plan: PlanId,
    pub practice: OrganisationCode,
    pub medicine: Personal<Medicine>,
    pub standing: PlanStanding,
    pub authorised_at: Timestamp,
}

impl RepeatPlans {
    pub fn partition(patient: SubjectId) -> String {
        patient.to_string()
    }

    pub fn key(patient: SubjectId, plan: &PlanId) -> Key {
        Key::new(patient, plan)
    }

    fn keys_of(patient: SubjectId, plans: &[PlanId]) -> Keys {
        plans.iter().map(|plan| Self::key(patient, plan)).collect()
    }
}

impl Projection for RepeatPlans {
    const NAME: &'static str = "repeat_plans";
    const VERSION: u32 = 1;
    type Row = RepeatPlanRow;
    type Event = RepeatEvent;

    fn keys(fact: &Recorded<RepeatEvent>) -> Keys {
        match &fact.data {
            RepeatEvent::Authorised(event) => vec![Self::key(event.patient, &event.plan)],
            RepeatEvent::Changed(event) => vec![Self::key(event.patient, &event.plan)],
            RepeatEvent::Stopped(event) => vec![Self::key(event.patient, &event.plan)],
            RepeatEvent::Requested(event) => Self::keys_of(event.patient, &event.plans),
            RepeatEvent::Issued(event) => Self::keys_of(event.patient, &event.plans),
            RepeatEvent::Settled(event) => Self::keys_of(event.patient, &event.plans),
            RepeatEvent::Nominated(_) | RepeatEvent::Cleared(_) => vec![],
        }
    }

    fn evolve(_: &Key, row: Option<RepeatPlanRow>, fact: &Recorded<RepeatEvent>) -> Option<RepeatPlanRow> {
        if let RepeatEvent::Authorised(event) = &fact.data {
            return Some(RepeatPlanRow {
                plan: event.plan.clone(),
                practice: event.practice.clone(),
                medicine: event.medicine.clone(),
                standing: PlanStanding::authorised(event),
                authorised_at: event.authorised_at,
            });
        }
        let mut row = row?;
        match &fact.data {
            RepeatEvent::Authorised(_) | RepeatEvent::Nominated(_) | RepeatEvent::Cleared(_) => {}
            RepeatEvent::Changed(event) => {
                row.medicine = event.medicine.clone();
                row.standing.change(event);
            }
            RepeatEvent::Stopped(event) => row.standing.stop(event),
            RepeatEvent::Requested(event) => row.standing.request(&event.request),
            RepeatEvent::Issued(event) => row.standing.issue(event),
            RepeatEvent::Settled(event) => row.standing.settle(&row.plan, event),
        }
        Some(row)
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::prescriptions::{OrderRefusal, RepeatStopped};

    use super::*;
    use crate::{
        prescriptions::scenes::{authorised, issued, opened, plan, request, settled},
        spec::{NINE, alice, at, fold, site},
    };

    fn row(events: Vec<RepeatEvent>) -> RepeatPlanRow {
        fold::<RepeatPlans>(events).remove(&RepeatPlans::key(alice(), &plan(1))).expect("a row")
    }

    #[test]
    fn a_plan_shows_its_open_request_and_the_issues_that_are_left() {
        let events = vec![authorised(1), authorised(2), opened(1, &[1])];
        let open = row(events.clone());
        assert_eq!(open.standing.open.as_ref().map(|open| &open.request), Some(&request(1)));
        let issued = row([events.clone(), vec![issued(1, &[1])]].concat());
        assert_eq!((issued.standing.issues_left(), issued.standing.open.map(|open| open.approved)), (5, Some(true)));
        let settled = row([events, vec![settled(1, &[1])]].concat());
        assert_eq!((settled.standing.issues_left(), settled.standing.open), (6, None));
    }

    #[test]
    fn a_stopped_plan_stays_and_says_so() {
        let stopped = RepeatStopped { patient: alice(), plan: plan(1), practice: site(), stopped_at: at(NINE) };
        let today = "2026-03-09".parse().expect("a date");
        let row = row(vec![authorised(1), stopped.into()]);
        assert_eq!(row.standing.refusal(today, 7), Some(OrderRefusal::PlanStopped));
    }
}
