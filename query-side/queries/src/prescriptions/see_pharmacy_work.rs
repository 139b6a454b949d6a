//! The prescriptions that a pharmacy has to dispense.

use event_core::{AccessRule, OrganisationCode, SubjectId, Timestamp};
use query_engine::{Kind, Query, QueryContext, QueryError, context::Span, page::List};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use views::PharmacyWork;
use vocabulary::{
    access::{Permission, staff},
    prescriptions::{PrescriptionId, RepeatRequestId},
};

use super::RequestedMedicine;
use crate::practices::{Site, Sites};
use crate::registrations::{PatientDetails, RegisteredPatients};

/// The prescriptions that were sent to a pharmacy and are not completed, the oldest first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeePharmacyWork {
    pub pharmacy: OrganisationCode,
}

/// A prescription of a pharmacy's work list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PharmacyTask {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    pub prescription: PrescriptionId,
    pub practice: Site,
    pub sent_at: Timestamp,
    pub details: PatientDetails,
    pub items: Vec<RequestedMedicine>,
}

impl Query for SeePharmacyWork {
    const NAME: &'static str = "pharmacy-work";
    const PATH: &'static str = "/pharmacies/{pharmacy}/prescriptions";
    const KIND: Kind = Kind::List;
    const WHO: &'static dyn AccessRule = &staff(Permission::Dispensing);
    const PERSONAL: bool = true;
    type Answer = List<PharmacyTask>;

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.pharmacy.clone())
    }

    async fn answer(&self, context: &mut QueryContext<'_>) -> Result<List<PharmacyTask>, QueryError> {
        let rows = context.list::<PharmacyWork>(Span::whole(PharmacyWork::partition(&self.pharmacy))).await?;
        let (mut patients, mut sites) = (RegisteredPatients::default(), Sites::default());
        let concerned: Vec<SubjectId> = rows.items.iter().map(|row| row.patient).collect();
        patients.read(&concerned, context).await?;
        let opener = context.opener(concerned).await?;
        let mut tasks = Vec::with_capacity(rows.items.len());
        for row in rows.items {
            let practice = sites.get(row.practice, context).await?;
            let shown = |item| RequestedMedicine::shown(row.patient, item, context.now, &opener);
            tasks.push(PharmacyTask {
                patient: row.patient,
                request: row.request,
                prescription: row.prescription,
                practice,
                sent_at: row.sent_at,
                details: patients.details(row.patient, &opener)?,
                items: row.items.into_iter().map(shown).collect::<Result<_, _>>()?,
            });
        }
        Ok(List { items: tasks, next: rows.next })
    }
}
