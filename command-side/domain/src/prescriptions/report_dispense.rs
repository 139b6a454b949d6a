use event_core::{OrganisationCode, SubjectId, Timestamp};
use vocabulary::prescriptions::{DispenseReported, DispenseStatus, DispenseStep, PlanId, RepeatRequestId};

use super::{
    prescription::{Prescription, REPORTS_MAX},
    rejections::{PRESCRIPTION_NOT_FOUND, REPEAT_LIMIT_REACHED, REPORT_INVALID},
};
use crate::prelude::*;

/// The number of days that a report may be post-dated.
pub const POST_DATED_DAYS_MAX: i64 = 31;

/// Report what became of the medicines of a prescription. Reports may come late, in any order, repeated or post-dated:
/// what counts is the time from which they are true.
///
/// There are at most 200 reports about one prescription.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportDispense {
    /// The pharmacy that reports.
    pub pharmacy: OrganisationCode,
    pub patient: SubjectId,
    pub request: RepeatRequestId,
    /// The medicines that the report is about, by their plans. If it is left out, the report is about all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<PlanId>,
    pub status: DispenseStatus,
    /// The time from which this is true: not before the request, and at most 31 days ahead.
    pub at: Timestamp,
}

impl Command for ReportDispense {
    const NAME: &'static str = "report-dispense";
    const WHO: &'static dyn AccessRule = &staff(Permission::Dispensing);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&PRESCRIPTION_NOT_FOUND, &REPORT_INVALID, &REPEAT_LIMIT_REACHED];
    type Reads = Prescription;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    /// None: the patient is not registered at the pharmacy. The prescription that was sent to it is the relationship.
    fn answers_for(&self) -> Option<SubjectId> {
        None
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.pharmacy.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Prescription::of(self.patient, &self.request)
    }

    fn decide(&self, prescription: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let (file, sent) = prescription.sent_to(&self.pharmacy)?;
        let all = file.plans();
        let mut plans = if self.plans.is_empty() { all.clone() } else { self.plans.clone() };
        plans.sort_unstable();
        plans.dedup();
        if let Some(other) = plans.iter().find(|plan| !all.contains(plan)) {
            return Err(REPORT_INVALID.with("why", format!("{other} is not in this prescription")));
        }
        if self.at < file.requested.requested_at {
            return Err(REPORT_INVALID.with("why", "it is true before the medicine was requested"));
        }
        if self.at > context.now.plus_days(POST_DATED_DAYS_MAX) {
            return Err(REPORT_INVALID.with("why", "it is true in more than 31 days"));
        }
        let step = DispenseStep { at: self.at, status: self.status };
        plans.retain(|plan| !file.has_report(plan, &step));
        if file.reports + plans.len() > REPORTS_MAX {
            return Err(REPEAT_LIMIT_REACHED.with("limit", REPORTS_MAX).with("of", "reports about one prescription"));
        }
        let reported = |plan: PlanId| DispenseReported {
            patient: self.patient,
            request: self.request.clone(),
            requested_at: file.requested.requested_at,
            pharmacy: self.pharmacy.clone(),
            sent_at: sent.sent_at,
            plan,
            status: self.status,
            at: self.at,
            reported_at: context.now,
        };
        Ok(nothing_new().and_all(plans.into_iter().map(reported)))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{prescriptions::scenes::*, spec::*};

    fn at_the_pharmacy() -> World {
        sent_world(ordering(), 1, &[1, 2])
    }

    #[test]
    fn a_report_is_about_all_medicines_or_some_and_a_repeat_is_nothing_new() {
        let ready = report(1, DispenseStatus::ReadyToCollect, NOW);
        let one = ReportDispense { plans: vec![plan(2)], ..ready.clone() };
        let first =
            at_the_pharmacy().when(one.clone()).records(&[&reported(1, 2, DispenseStatus::ReadyToCollect, NOW)]);
        let first = first.when(one).nothing_new();
        // The report about all of them adds the one that is missing.
        let all = first.when(ready.clone()).records(&[&reported(1, 1, DispenseStatus::ReadyToCollect, NOW)]);
        all.when(ready).nothing_new();
    }

    #[test]
    fn late_and_post_dated_reports_are_taken_within_bounds() {
        let kinds = ["prescription.dispense-reported.v1"; 2];
        let reports = at_the_pharmacy().when(report(1, DispenseStatus::Collected, "2026-03-04T08:00:00Z"));
        let late = reports.records_kinds(&kinds).when(report(1, DispenseStatus::Preparing, NOW)).records_kinds(&kinds);
        late.clone().when(report(1, DispenseStatus::Preparing, "2026-03-02T07:59:59Z")).rejected(&REPORT_INVALID);
        late.clone().when(report(1, DispenseStatus::Collected, "2026-04-02T08:00:00Z")).records_kinds(&kinds);
        late.when(report(1, DispenseStatus::Collected, "2026-04-02T08:00:01Z")).rejected(&REPORT_INVALID);
    }

    #[test]
    fn a_pharmacy_reports_only_on_prescriptions_that_were_sent_to_it() {
        let elsewhere = ReportDispense { pharmacy: other_pharmacy(), ..report(1, DispenseStatus::Collected, NOW) };
        at_the_pharmacy().when(elsewhere.clone()).rejected(&PRESCRIPTION_NOT_FOUND);
        // One answer for all that is not its own.
        ordering().when(elsewhere).rejected(&PRESCRIPTION_NOT_FOUND);
        let waiting = ordering().when(request(1, &[1])).records_kinds(&REQUESTED);
        waiting.when(report(1, DispenseStatus::Collected, NOW)).rejected(&PRESCRIPTION_NOT_FOUND);
    }

    #[test]
    fn a_medicine_of_another_prescription_is_refused() {
        let other = ReportDispense { plans: vec![plan(1), plan(9)], ..report(1, DispenseStatus::Collected, NOW) };
        at_the_pharmacy().when(other).rejected(&REPORT_INVALID);
    }

    #[test]
    fn a_prescription_has_200_reports() {
        let minute = |n: u32| format!("2026-03-02T{:02}:{:02}:00Z", 8 + n / 60, n % 60);
        let full = (0..REPORTS_MAX as u32)
            .fold(at_the_pharmacy(), |world, n| world.given(reported(1, 1, DispenseStatus::Preparing, &minute(n))));
        full.clone().when(report(1, DispenseStatus::Collected, NOW)).rejected(&REPEAT_LIMIT_REACHED);
        let repeat = ReportDispense { plans: vec![plan(1)], ..report(1, DispenseStatus::Preparing, &minute(0)) };
        full.when(repeat).nothing_new();
    }

    #[test]
    fn reports_after_the_end_are_kept() {
        let ended = collected(ordering(), 1, &[1]);
        ended.when(report(1, DispenseStatus::Preparing, NOW)).records_kinds(&["prescription.dispense-reported.v1"]);
    }
}
