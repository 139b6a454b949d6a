//! The repeat plans of one patient, the requests that are open for them, and the nominated pharmacy. Because it counts the
//! open requests of all plans, a medicine cannot be requested twice at a time.

use std::collections::BTreeMap;

use event_core::{LocalDate, OrganisationCode, Personal, Rejected, State, Timestamp};
use vocabulary::{
    prescriptions::{Medicine, OrderRefusal, PlanId, PlanStanding, RepeatEvent},
    time::LONDON,
};

use super::rejections::{
    ALREADY_REQUESTED, NO_ISSUES_LEFT, NOT_REPEAT, PLAN_STOPPED, REPEAT_LIMIT_REACHED, REVIEW_OVERDUE, TOO_EARLY,
};
use crate::daily::Daily;

/// The maximum number of plans of one patient that are not stopped.
pub const PLANS_MAX: usize = 50;
/// The number of requests that one patient may make in one month (in London). A stream holds 10,000 events: requests that
/// are made and cancelled in turn would fill it. At this rate it lasts for 20 years.
pub const REQUESTS_A_MONTH_MAX: u32 = 20;
/// The number of nominations of a pharmacy in one month.
pub const NOMINATIONS_A_MONTH_MAX: u32 = 10;
/// The number of plans that a practice may authorise or change for one patient in one month.
pub const PLAN_CHANGES_A_MONTH_MAX: u32 = 100;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct RepeatBook {
    plans: BTreeMap<PlanId, RepeatPlan>,
    pub nominated: Option<OrganisationCode>,
    requests: Daily,
    nominations: Daily,
    plan_changes: Daily,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RepeatPlan {
    pub practice: OrganisationCode,
    pub medicine: Personal<Medicine>,
    pub standing: PlanStanding,
}

impl State for RepeatBook {
    type Event = RepeatEvent;

    fn evolve(&mut self, event: &RepeatEvent) {
        match event {
            RepeatEvent::Authorised(event) => {
                self.plan_changes.count(month(event.authorised_at));
                let (practice, medicine) = (event.practice.clone(), event.medicine.clone());
                let standing = PlanStanding::authorised(event);
                self.plans.insert(event.plan.clone(), RepeatPlan { practice, medicine, standing });
            }
            RepeatEvent::Changed(event) => {
                self.plan_changes.count(month(event.changed_at));
                if let Some(plan) = self.plans.get_mut(&event.plan) {
                    plan.medicine = event.medicine.clone();
                    plan.standing.change(event);
                }
            }
            RepeatEvent::Stopped(event) => {
                self.each(std::slice::from_ref(&event.plan), |_, standing| standing.stop(event))
            }
            RepeatEvent::Requested(event) => {
                self.requests.count(month(event.requested_at));
                self.each(&event.plans, |_, standing| standing.request(&event.request));
            }
            RepeatEvent::Issued(event) => self.each(&event.plans, |_, standing| standing.issue(event)),
            RepeatEvent::Settled(event) => self.each(&event.plans, |plan, standing| standing.settle(plan, event)),
            RepeatEvent::Nominated(event) => {
                self.nominations.count(month(event.nominated_at));
                self.nominated = Some(event.pharmacy.clone());
            }
            RepeatEvent::Cleared(_) => self.nominated = None,
        }
    }
}

/// The first day of the month of London in which this instant falls.
fn month(instant: Timestamp) -> LocalDate {
    let day = LONDON.day(instant);
    day.plus_days(1 - i64::from(day.civil().day()))
}

impl RepeatBook {
    fn each(&mut self, plans: &[PlanId], change: impl Fn(&PlanId, &mut PlanStanding)) {
        for id in plans {
            if let Some(plan) = self.plans.get_mut(id) {
                change(id, &mut plan.standing);
            }
        }
    }

    pub fn plan(&self, id: &PlanId) -> Option<&RepeatPlan> {
        self.plans.get(id)
    }

    /// # Errors
    /// `not-repeat`, also for a plan of another practice.
    pub fn plan_at(&self, id: &PlanId, practice: &OrganisationCode) -> Result<&RepeatPlan, Rejected> {
        let plan = self.plans.get(id).filter(|plan| plan.practice == *practice);
        plan.ok_or_else(|| NOT_REPEAT.with("plan", id.to_string()))
    }

    /// The plan, if it can be ordered on this day.
    ///
    /// # Errors
    /// `not-repeat`, `plan-stopped`, `already-requested`, `review-overdue`, `no-issues-left`, `too-early`.
    pub fn orderable(
        &self,
        id: &PlanId,
        practice: &OrganisationCode,
        today: LocalDate,
        days_early: u16,
    ) -> Result<&RepeatPlan, Rejected> {
        let plan = self.plan_at(id, practice)?;
        let rejected = match plan.standing.refusal(today, days_early) {
            None => return Ok(plan),
            Some(OrderRefusal::PlanStopped) => (&PLAN_STOPPED).into(),
            Some(OrderRefusal::AlreadyRequested { request }) => ALREADY_REQUESTED.with("request", request.to_string()),
            Some(OrderRefusal::ReviewOverdue { review_on }) => REVIEW_OVERDUE.with("reviewOn", review_on.to_string()),
            Some(OrderRefusal::NoIssuesLeft { issues }) => NO_ISSUES_LEFT.with("issues", issues),
            Some(OrderRefusal::TooEarly { earliest }) => TOO_EARLY.with("earliest", earliest.to_string()),
        };
        Err(rejected.with("plan", id.to_string()))
    }

    /// The plan, if a prescriber may still issue it for a request that is open.
    ///
    /// # Errors
    /// `not-repeat`, `plan-stopped`, `no-issues-left`.
    pub fn issuable(&self, id: &PlanId, practice: &OrganisationCode) -> Result<&RepeatPlan, Rejected> {
        let plan = self.plan_at(id, practice)?;
        if plan.standing.stopped_at.is_some() {
            return Err(PLAN_STOPPED.with("plan", id.to_string()));
        }
        if plan.standing.issues_left() == 0 {
            return Err(NO_ISSUES_LEFT.with("issues", plan.standing.issues).with("plan", id.to_string()));
        }
        Ok(plan)
    }

    /// Checks the number of plans, and the monthly limit of their changes.
    ///
    /// # Errors
    /// `repeat-limit-reached`.
    pub fn may_authorise(&self, now: Timestamp) -> Result<(), Rejected> {
        if self.plans.values().filter(|plan| plan.standing.stopped_at.is_none()).count() >= PLANS_MAX {
            return Err(REPEAT_LIMIT_REACHED.with("limit", PLANS_MAX).with("of", "repeat plans"));
        }
        self.may_change(now)
    }

    /// # Errors
    /// `repeat-limit-reached`.
    pub fn may_change(&self, now: Timestamp) -> Result<(), Rejected> {
        within(&self.plan_changes, now, PLAN_CHANGES_A_MONTH_MAX, "changes of repeat plans a month")
    }

    /// # Errors
    /// `repeat-limit-reached`.
    pub fn may_request(&self, now: Timestamp) -> Result<(), Rejected> {
        within(&self.requests, now, REQUESTS_A_MONTH_MAX, "requests a month")
    }

    /// # Errors
    /// `repeat-limit-reached`.
    pub fn may_nominate(&self, now: Timestamp) -> Result<(), Rejected> {
        within(&self.nominations, now, NOMINATIONS_A_MONTH_MAX, "nominations a month")
    }
}

fn within(counted: &Daily, now: Timestamp, limit: u32, of: &str) -> Result<(), Rejected> {
    if counted.on(month(now)) < limit { Ok(()) } else { Err(REPEAT_LIMIT_REACHED.with("limit", limit).with("of", of)) }
}
