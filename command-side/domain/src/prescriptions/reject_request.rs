use event_core::{OrganisationCode, Personal, SubjectId};
use vocabulary::prescriptions::{PrescriptionRejected, RefusalReason, RepeatRequestId, RepeatsSettled};

use super::{
    prescription::Prescription,
    rejections::{ALREADY_ACTIONED, REQUEST_NOT_FOUND},
    repeat_book::RepeatBook,
};
use crate::prelude::*;

/// Reject a request, with a reason that the patient sees.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RejectRequest {
    pub patient: SubjectId,
    pub practice: OrganisationCode,
    pub request: RepeatRequestId,
    pub reason: RefusalReason,
}

impl Command for RejectRequest {
    const NAME: &'static str = "reject-request";
    const WHO: &'static dyn AccessRule = &staff(Permission::Prescribing);
    const REJECTIONS: &'static [&'static Rejection] = &[&REQUEST_NOT_FOUND, &ALREADY_ACTIONED];
    type Reads = (RepeatBook, Prescription);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(self.patient), Prescription::of(self.patient, &self.request))
    }

    fn decide(&self, (_, prescription): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let file = prescription.at_practice(&self.practice)?;
        file.has_to_be_undecided()?;
        let rejected = PrescriptionRejected {
            patient: self.patient,
            request: self.request.clone(),
            practice: self.practice.clone(),
            requested_at: file.requested.requested_at,
            reason: Personal::new(self.reason.clone()),
            rejected_at: context.now,
        };
        let settled = RepeatsSettled {
            patient: self.patient,
            request: self.request.clone(),
            plans: file.plans(),
            not_dispensed: Vec::new(),
            settled_at: context.now,
        };
        Ok(record(rejected).and(settled))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::prescriptions::scenes::*;

    #[test]
    fn a_rejected_request_has_a_reason_and_its_medicine_can_be_requested_again_with_no_issue_used() {
        let waiting = ordering().when(request(1, &[1])).records_kinds(&REQUESTED);
        let rejected = waiting.when(reject(1)).records_kinds(&REJECTED);
        let again = (2..=7).fold(rejected, |world, n| {
            let requested = world.when(request(n, &[1])).records_kinds(&REQUESTED);
            requested.when(reject(n)).records_kinds(&REJECTED)
        });
        again.when(request(8, &[1])).records_kinds(&REQUESTED);
    }

    #[test]
    fn only_a_request_that_waits_at_this_practice_is_rejected() {
        ordering().when(reject(1)).rejected(&REQUEST_NOT_FOUND);
        let waiting = ordering().when(request(1, &[1])).records_kinds(&REQUESTED);
        let elsewhere = RejectRequest { practice: "B99999".parse().expect("a code"), ..reject(1) };
        let waiting = waiting.when(elsewhere).rejected(&REQUEST_NOT_FOUND);
        waiting.when(approve(1)).records_kinds(&APPROVED).when(reject(1)).rejected(&ALREADY_ACTIONED);
    }
}
