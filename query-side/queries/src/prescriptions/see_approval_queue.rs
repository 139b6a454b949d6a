//! The requests that wait for a practice's decision, with what is needed to decide them.

use std::collections::HashMap;

use event_core::{AccessRule, LocalDate, OrganisationCode, SubjectId, Timestamp};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{ApprovalQueue, ApprovalRow, RepeatPlanRow, RepeatPlans};
use vocabulary::{
    access::{Permission, staff},
    prescriptions::{Medicine, PlanId, RepeatRequestId, RequestNote},
};

use super::{PharmacyPlace, pharmacy_place::PharmacyPlaces};
use crate::registrations::{PatientDetails, RegisteredPatients};

/// The requests for repeat medicines that wait for a practice's decision, the oldest first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeeApprovalQueue {
    pub practice: OrganisationCode,
}

/// A request that waits for a decision.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingRequest {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub requested_at: Timestamp,
    pub details: PatientDetails,
    pub pharmacy: PharmacyPlace,
    /// True if the pharmacy was chosen for this request only.
    pub one_off: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<RequestNote>,
    pub items: Vec<WaitingMedicine>,
}

/// A medicine of a request, with the standing of its plan now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingMedicine {
    pub plan: PlanId,
    /// The medicine as it was requested. Absent once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medicine: Option<Medicine>,
    /// True if the plan has another medicine, dose or quantity by now.
    pub changed: bool,
    /// True if the plan was stopped since: the request cannot be approved.
    pub stopped: bool,
    /// Absent, like the following, while the plan is not known here yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issues: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issues_left: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_on: Option<LocalDate>,
    /// Absent, too, if there was no supply yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply_ends_on: Option<LocalDate>,
}

impl Query for SeeApprovalQueue {
    const NAME: &'static str = "approval-queue";
    const PATH: &'static str = "/practices/{practice}/prescriptions";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &staff(Permission::Prescribing);
    const PERSONAL: bool = true;
    type Answer = List<WaitingRequest>;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<WaitingRequest>, QueryError> {
        let rows = context.list::<ApprovalQueue>(Span::whole(ApprovalQueue::partition(&self.practice))).await?;
        let (mut patients, mut pharmacies) = (RegisteredPatients::default(), PharmacyPlaces::default());
        let concerned: Vec<SubjectId> = rows.items.iter().map(|row| row.patient).collect();
        patients.read(&concerned, context).await?;
        let opener = context.opener(concerned).await?;
        let mut items = Vec::with_capacity(rows.items.len());
        for row in rows.items {
            let pharmacy = pharmacies.get(row.pharmacy.clone(), context).await?;
            let plans = plans_of(&row, context).await?;
            let mut medicines = Vec::with_capacity(row.items.len());
            for item in &row.items {
                let medicine = opener.open(row.patient, &item.medicine)?;
                let plan = plans.get(&item.plan);
                let now = plan.map(|plan| opener.open(row.patient, &plan.medicine)).transpose()?;
                medicines.push(WaitingMedicine {
                    plan: item.plan.clone(),
                    changed: now.is_some_and(|now| now != medicine),
                    medicine,
                    stopped: plan.is_some_and(|plan| plan.standing.stopped_at.is_some()),
                    issues: plan.map(|plan| plan.standing.issues),
                    issues_left: plan.map(|plan| plan.standing.issues_left()),
                    review_on: plan.map(|plan| plan.standing.review_on),
                    supply_ends_on: plan.and_then(|plan| plan.standing.supply_ends_on),
                });
            }
            items.push(WaitingRequest {
                patient: row.patient,
                request: row.request,
                requested_at: row.requested_at,
                details: patients.details(row.patient, &opener)?,
                pharmacy,
                one_off: row.one_off,
                note: opener.open_some(row.patient, row.note.as_ref())?,
                items: medicines,
            });
        }
        Ok(List { items, next: rows.next })
    }
}

/// The plans of a request as they are now.
async fn plans_of(
    row: &ApprovalRow,
    context: &mut QueryContext<'_>,
) -> Result<HashMap<PlanId, RepeatPlanRow>, QueryError> {
    let mut plans = HashMap::with_capacity(row.items.len());
    for item in &row.items {
        let plan = context.row::<RepeatPlans>(&RepeatPlans::key(row.patient, &item.plan)).await?;
        plans.extend(plan.map(|plan| (item.plan.clone(), plan)));
    }
    Ok(plans)
}
