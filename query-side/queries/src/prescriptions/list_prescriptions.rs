//! The requests of a patient, with the timelines of their medicines.

use std::ops::Bound;

use event_core::{AccessRule, SubjectId, Timestamp};
use query_engine::{Kind, Opener, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::{MyPrescriptions, PrescriptionItemRow, PrescriptionRow};
use vocabulary::{
    access::{Capability, IdentityLevel::P9, Permission, patient, proxy, staff},
    prescriptions::{
        DispenseStatus, DispenseStep, Medicine, PlanId, PrescriptionId, RefusalReason, RepeatRequestId, RequestNote,
        RequestStage,
    },
};

use super::{PharmacyPlace, pharmacy_place::PharmacyPlaces};
use crate::practices::{Site, Sites};

/// The requests of a patient for repeat medicines, the newest first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListPrescriptions {
    pub subject: SubjectId,
}

/// A request for repeat medicines.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepeatRequest {
    pub request: RepeatRequestId,
    pub practice: Site,
    pub pharmacy: PharmacyPlace,
    /// True if the pharmacy was chosen for this request only.
    pub one_off: bool,
    /// Absent, too, once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<RequestNote>,
    /// The reason of a rejection. Absent, too, once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefusalReason>,
    /// The number of the prescription, once it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prescription: Option<PrescriptionId>,
    /// The present stage. A request can be cancelled while it is `requested`.
    pub stage: RequestStage,
    /// True if it was completed because its time had ended.
    pub expired: bool,
    /// The steps so far, oldest first.
    pub steps: Vec<RequestStep>,
    pub items: Vec<RequestedMedicine>,
}

/// A step of a request.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestStep {
    pub stage: RequestStage,
    pub at: Timestamp,
}

/// A medicine of a request, and the reports of the pharmacy about it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestedMedicine {
    pub plan: PlanId,
    /// Absent once the patient's data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medicine: Option<Medicine>,
    /// The newest report that is true by now. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<DispenseStatus>,
    /// The reports that are true by now, by the time from which they are true. A post-dated report is not among them yet.
    pub timeline: Vec<DispenseStep>,
}

impl RequestedMedicine {
    /// # Errors
    /// When the medicine cannot be opened.
    pub(super) fn shown(
        patient: SubjectId,
        row: PrescriptionItemRow,
        now: Timestamp,
        opener: &Opener<'_>,
    ) -> Result<RequestedMedicine, QueryError> {
        Ok(RequestedMedicine {
            plan: row.plan,
            medicine: opener.open(patient, &row.medicine)?,
            status: row.timeline.standing(now).map(|step| step.status),
            timeline: row.timeline.matured(now).to_vec(),
        })
    }
}

impl Query for ListPrescriptions {
    const NAME: &'static str = "prescriptions";
    const PATH: &'static str = "/patients/{subject}/prescriptions";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::View)).or(staff(Permission::Prescribing));
    const PERSONAL: bool = true;
    type Answer = List<RepeatRequest>;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<RepeatRequest>, QueryError> {
        let span = Span {
            partition: MyPrescriptions::partition(self.subject),
            from: Bound::Unbounded,
            until: Bound::Unbounded,
            backwards: true,
        };
        let rows = context.list::<MyPrescriptions>(span).await?;
        let opener = context.opener(rows.items.first().map(|_| self.subject)).await?;
        let (mut sites, mut pharmacies) = (Sites::default(), PharmacyPlaces::default());
        let mut items = Vec::with_capacity(rows.items.len());
        for row in rows.items {
            let practice = sites.get(row.practice.clone(), context).await?;
            let pharmacy = pharmacies.get(row.pharmacy.clone(), context).await?;
            items.push(shown(self.subject, row, (practice, pharmacy), context.now, &opener)?);
        }
        Ok(List { items, next: rows.next })
    }
}

fn shown(
    patient: SubjectId,
    row: PrescriptionRow,
    (practice, pharmacy): (Site, PharmacyPlace),
    now: Timestamp,
    opener: &Opener<'_>,
) -> Result<RepeatRequest, QueryError> {
    let steps: Vec<_> = row.steps.iter().map(|step| RequestStep { stage: step.stage, at: step.at }).collect();
    let item = |item| RequestedMedicine::shown(patient, item, now, opener);
    Ok(RepeatRequest {
        request: row.request,
        practice,
        pharmacy,
        one_off: row.one_off,
        note: opener.open_some(patient, row.note.as_ref())?,
        reason: opener.open_some(patient, row.reason.as_ref())?,
        prescription: row.prescription,
        stage: steps.last().map_or(RequestStage::Requested, |step| step.stage),
        expired: row.expired,
        steps,
        items: row.items.into_iter().map(item).collect::<Result<_, _>>()?,
    })
}
