use event_core::{OrganisationCode, SubjectId};
use vocabulary::prescriptions::{PrescriptionApproved, RepeatRequestId, RepeatsIssued, RequestStage};

use super::{
    prescription::Prescription,
    rejections::{ALREADY_ACTIONED, NO_ISSUES_LEFT, NOT_REPEAT, PLAN_STOPPED, REQUEST_NOT_FOUND},
    repeat_book::RepeatBook,
};
use crate::prelude::*;

/// Approve a request: one issue of each of its plans is used, and the prescription is sent to the pharmacy.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApproveRequest {
    pub patient: SubjectId,
    pub practice: OrganisationCode,
    pub request: RepeatRequestId,
}

impl Command for ApproveRequest {
    const NAME: &'static str = "approve-request";
    const WHO: &'static dyn AccessRule = &staff(Permission::Prescribing);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&REQUEST_NOT_FOUND, &ALREADY_ACTIONED, &NOT_REPEAT, &PLAN_STOPPED, &NO_ISSUES_LEFT];
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

    fn decide(&self, (book, prescription): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let file = prescription.at_practice(&self.practice)?;
        match file.stage {
            RequestStage::Approved | RequestStage::SentToPharmacy | RequestStage::Completed => return Ok(nothing_new()),
            RequestStage::Requested | RequestStage::Cancelled | RequestStage::Rejected => file.has_to_be_undecided()?,
        }
        for plan in file.plans() {
            book.issuable(&plan, &self.practice)?;
        }
        // A nomination that changed since the request applies, unless the pharmacy was chosen for this request.
        let nominated = book.nominated.as_ref().filter(|_| !file.requested.one_off);
        let approved = PrescriptionApproved {
            patient: self.patient,
            request: self.request.clone(),
            practice: self.practice.clone(),
            requested_at: file.requested.requested_at,
            pharmacy: nominated.unwrap_or(&file.requested.pharmacy).clone(),
            approved_at: context.now,
        };
        let issued = RepeatsIssued {
            patient: self.patient,
            request: self.request.clone(),
            plans: file.plans(),
            issued_at: context.now,
        };
        Ok(record(approved).and(issued))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        prescriptions::{CancelRequest, ChangeRepeat, StopRepeat, scenes::*},
        spec::*,
    };

    fn waiting() -> World {
        ordering().when(request(1, &[1])).records_kinds(&REQUESTED)
    }

    #[test]
    fn a_request_is_approved_once_for_the_nominated_pharmacy() {
        waiting()
            .when(approve(1))
            .records(&[&approved(1, pharmacy()), &issued(1, &[1])])
            .when(approve(1))
            .nothing_new();
    }

    #[test]
    fn a_nomination_that_changed_meanwhile_applies_and_one_that_was_cleared_does_not_lose_the_request() {
        let changed = waiting().given(nominated(other_pharmacy()));
        changed.when(approve(1)).records(&[&approved(1, other_pharmacy()), &issued(1, &[1])]);
        let cleared = waiting().when(crate::prescriptions::ClearPharmacy { patient: alice() });
        let cleared = cleared.records_kinds(&["repeat.pharmacy-cleared.v1"]);
        cleared.when(approve(1)).records(&[&approved(1, pharmacy()), &issued(1, &[1])]);
    }

    #[test]
    fn a_pharmacy_that_was_chosen_for_this_request_stays() {
        let chosen = crate::prescriptions::RequestRepeat { pharmacy: Some(other_pharmacy()), ..request(1, &[1]) };
        let chosen = ordering().when(chosen).records_kinds(&REQUESTED);
        chosen.when(approve(1)).records(&[&approved(1, other_pharmacy()), &issued(1, &[1])]);
    }

    #[test]
    fn a_plan_that_was_stopped_or_used_up_meanwhile_is_not_issued() {
        let stop = StopRepeat { patient: alice(), practice: site(), plan: plan(1) };
        waiting().when(stop).records_kinds(&["repeat.stopped.v1"]).when(approve(1)).rejected(&PLAN_STOPPED);
        let AuthoriseRepeatFields { medicine, review_on, .. } = AuthoriseRepeatFields::of(1);
        let (patient, practice, plan, issues) = (alice(), site(), plan(1), Some(1));
        let one = ChangeRepeat { patient, practice, plan, medicine, supply_days: 1, issues, review_on };
        let used = collected(ordering().when(one).records_kinds(&["repeat.changed.v1"]), 1, &[1]);
        let again = used.given(requested(2, &[1])).given(opened(2, &[1]));
        again.when(approve(2)).rejected(&NO_ISSUES_LEFT);
    }

    #[test]
    fn only_a_request_at_this_practice_is_approved_and_only_while_it_waits() {
        ordering().when(approve(1)).rejected(&REQUEST_NOT_FOUND);
        let elsewhere = ApproveRequest { practice: "B99999".parse().expect("a code"), ..approve(1) };
        waiting().when(elsewhere).rejected(&REQUEST_NOT_FOUND);
        waiting().when(reject(1)).records_kinds(&REJECTED).when(approve(1)).rejected(&ALREADY_ACTIONED);
        let cancel = CancelRequest { patient: alice(), request: request_id(1) };
        waiting().when(cancel).records_kinds(&CANCELLED).when(approve(1)).rejected(&ALREADY_ACTIONED);
    }

    #[test]
    fn a_plan_that_this_practice_does_not_have_is_not_issued() {
        surgery().given(requested(1, &[1])).when(approve(1)).rejected(&NOT_REPEAT);
    }
}
