use event_core::{OrganisationCode, SubjectId};
use vocabulary::prescriptions::{PrescriptionCompleted, RepeatRequestId, RepeatsSettled, RequestStage};

use super::{prescription::Prescription, rejections::REQUEST_NOT_FOUND, repeat_book::RepeatBook};
use crate::prelude::*;

/// The number of days after which a prescription can no longer be dispensed (Human Medicines Regulations 2012, regulation
/// 217: six months; counted as the longest six months that there are).
pub const PRESCRIPTION_DAYS_MAX: i64 = 184;

/// Complete a request of which each medicine was collected, dispatched or not dispensed, or which has expired. A policy
/// gives this command after each report, when the report is true, and when the prescription expires.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CompleteRequest {
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    /// The pharmacy to which the prescription was sent.
    pub pharmacy: OrganisationCode,
}

impl Command for CompleteRequest {
    const NAME: &'static str = "complete-request";
    const WHO: &'static dyn AccessRule = &system().or(staff(Permission::Dispensing));
    const REJECTIONS: &'static [&'static Rejection] = &[&REQUEST_NOT_FOUND];
    type Reads = (RepeatBook, Prescription);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    /// None: see `ReportDispense`.
    fn answers_for(&self) -> Option<SubjectId> {
        None
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.pharmacy.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(self.patient), Prescription::of(self.patient, &self.request))
    }

    fn decide(&self, (_, prescription): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let (file, sent) = prescription.sent_to(&self.pharmacy).map_err(|_| &REQUEST_NOT_FOUND)?;
        let ended = file.has_ended(context.now);
        let expired = context.now >= sent.sent_at.plus_days(PRESCRIPTION_DAYS_MAX);
        // Two commands can be due for one request, and a report that came later can have changed its end.
        if file.stage == RequestStage::Completed || !(ended || expired) {
            return Ok(nothing_new());
        }
        let completed = PrescriptionCompleted {
            patient: self.patient,
            request: self.request.clone(),
            requested_at: file.requested.requested_at,
            pharmacy: self.pharmacy.clone(),
            sent_at: sent.sent_at,
            expired: !ended,
            completed_at: context.now,
        };
        let settled = RepeatsSettled {
            patient: self.patient,
            request: self.request.clone(),
            plans: file.plans(),
            not_dispensed: file.not_dispensed(context.now),
            settled_at: context.now,
        };
        Ok(record(completed).and(settled))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::prescriptions::DispenseStatus::{
        self, Collected, Dispatched, NotDispensed, Preparing, ReadyToCollect,
    };

    use super::*;
    use crate::{
        prescriptions::{ReportDispense, rejections::TOO_EARLY, scenes::*},
        spec::*,
    };

    const REPORTED: [&str; 1] = ["prescription.dispense-reported.v1"];

    fn reported_as(world: World, item: u32, status: DispenseStatus, at: &str) -> World {
        world.when(ReportDispense { plans: vec![plan(item)], ..report(1, status, at) }).records_kinds(&REPORTED)
    }

    #[test]
    fn a_request_is_completed_once_each_medicine_has_an_end() {
        let sent = sent_world(ordering(), 1, &[1, 2]);
        let one = reported_as(sent, 1, Collected, NOW).when(complete(1)).nothing_new();
        let both = reported_as(one, 2, Dispatched, NOW).when(complete(1)).records_kinds(&COMPLETED);
        both.when(complete(1)).nothing_new();
    }

    #[test]
    fn ready_is_not_collected_however_long_ago() {
        let ready = reported_as(sent_world(ordering(), 1, &[1]), 1, ReadyToCollect, NOW);
        ready.at("2026-08-01T08:00:00Z").when(complete(1)).nothing_new();
    }

    #[test]
    fn a_post_dated_report_completes_nothing_before_its_time() {
        let collected = reported_as(sent_world(ordering(), 1, &[1]), 1, Collected, "2026-03-04T08:00:00Z");
        let waits = collected.at("2026-03-04T07:59:59Z").when(complete(1)).nothing_new();
        waits.at("2026-03-04T08:00:00Z").when(complete(1)).records_kinds(&COMPLETED);
    }

    #[test]
    fn a_report_that_is_true_later_takes_the_end_back_until_the_request_is_completed() {
        let collected = reported_as(sent_world(ordering(), 1, &[1]), 1, NotDispensed, NOW);
        let again = reported_as(collected, 1, Preparing, "2026-03-02T09:00:00Z");
        again.at("2026-03-02T09:00:00Z").when(complete(1)).nothing_new();
    }

    #[test]
    fn an_issue_that_was_not_dispensed_is_given_back() {
        let not = reported_as(sent_world(ordering(), 1, &[1]), 1, NotDispensed, NOW);
        let given_back = not.when(complete(1)).records_kinds(&COMPLETED);
        given_back.when(request(2, &[1])).records_kinds(&REQUESTED);
        collected(ordering(), 1, &[1]).when(request(2, &[1])).rejected(&TOO_EARLY);
    }

    #[test]
    fn a_prescription_expires_after_six_months() {
        let ready = reported_as(sent_world(ordering(), 1, &[1]), 1, ReadyToCollect, NOW);
        let waits = ready.at("2026-09-02T07:59:59Z").when(complete(1)).nothing_new();
        let completed = waits.at("2026-09-02T08:00:00Z").when(complete(1)).records_kinds(&COMPLETED);
        completed.when(complete(1)).nothing_new();
    }

    #[test]
    fn only_what_was_sent_to_this_pharmacy_is_completed() {
        ordering().when(complete(1)).rejected(&REQUEST_NOT_FOUND);
        let elsewhere = CompleteRequest { pharmacy: other_pharmacy(), ..complete(1) };
        sent_world(ordering(), 1, &[1]).when(elsewhere).rejected(&REQUEST_NOT_FOUND);
    }
}
