use event_core::SubjectId;
use vocabulary::prescriptions::{PrescriptionCancelled, RepeatRequestId, RepeatsSettled, RequestStage};

use super::{
    prescription::Prescription,
    rejections::{ALREADY_ACTIONED, REQUEST_NOT_FOUND},
    repeat_book::RepeatBook,
};
use crate::prelude::*;

/// Cancel a request that the practice has not decided yet.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelRequest {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
}

impl Command for CancelRequest {
    const NAME: &'static str = "cancel-request";
    const WHO: &'static dyn AccessRule = &patient(P9).or(proxy(Capability::Order));
    const REJECTIONS: &'static [&'static Rejection] = &[&REQUEST_NOT_FOUND, &ALREADY_ACTIONED];
    const GIVES_UP: bool = true;
    type Reads = (RepeatBook, Prescription);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(self.patient), Prescription::of(self.patient, &self.request))
    }

    fn decide(&self, (_, prescription): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let file = prescription.file()?;
        if file.stage == RequestStage::Cancelled {
            return Ok(nothing_new());
        }
        file.has_to_be_undecided()?;
        let cancelled = PrescriptionCancelled {
            patient: self.patient,
            request: self.request.clone(),
            practice: file.requested.practice.clone(),
            requested_at: file.requested.requested_at,
            cancelled_at: context.now,
        };
        let settled = RepeatsSettled {
            patient: self.patient,
            request: self.request.clone(),
            plans: file.plans(),
            not_dispensed: Vec::new(),
            settled_at: context.now,
        };
        Ok(record(cancelled).and(settled))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{prescriptions::scenes::*, spec::*};

    fn cancel() -> CancelRequest {
        CancelRequest { patient: alice(), request: request_id(1) }
    }

    #[test]
    fn a_cancelled_medicine_can_be_requested_again() {
        let cancelled =
            ordering().when(request(1, &[1])).records_kinds(&REQUESTED).when(cancel()).records_kinds(&CANCELLED);
        cancelled.when(cancel()).nothing_new().when(request(2, &[1])).records_kinds(&REQUESTED);
    }

    #[test]
    fn a_request_is_cancelled_only_while_it_is_requested() {
        let approved =
            ordering().when(request(1, &[1])).records_kinds(&REQUESTED).when(approve(1)).records_kinds(&APPROVED);
        let details = approved.clone().when(cancel()).rejected_with(&ALREADY_ACTIONED);
        assert_eq!(details["stage"], "approved");
        approved.when(send(1)).records_kinds(&SENT).when(cancel()).rejected(&ALREADY_ACTIONED);
        let rejected =
            ordering().when(request(1, &[1])).records_kinds(&REQUESTED).when(reject(1)).records_kinds(&REJECTED);
        rejected.when(cancel()).rejected(&ALREADY_ACTIONED);
    }

    #[test]
    fn only_the_own_request_is_cancelled() {
        ordering().when(cancel()).rejected(&REQUEST_NOT_FOUND);
        let requested = ordering().when(request(1, &[1])).records_kinds(&REQUESTED);
        requested.when(CancelRequest { patient: bob(), ..cancel() }).rejected(&REQUEST_NOT_FOUND);
    }
}
