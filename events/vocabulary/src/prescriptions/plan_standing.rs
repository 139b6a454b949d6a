//! The part of a repeat plan that decides if it can be ordered. Commands and queries use the same rule, so the page that
//! offers an order and the command that takes it agree.

use event_core::{LocalDate, Timestamp};
use serde::{Deserialize, Serialize};

use super::{PlanId, RepeatAuthorised, RepeatChanged, RepeatRequestId, RepeatStopped, RepeatsIssued, RepeatsSettled};
use crate::time::LONDON;

/// The standing of a repeat plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanStanding {
    pub supply_days: u16,
    /// The number of issues that are authorised, all of them.
    pub issues: u16,
    /// The number of these that were issued.
    pub issued: u16,
    pub review_on: LocalDate,
    pub stopped_at: Option<Timestamp>,
    /// The day on which the supply that was issued ends.
    pub supply_ends_on: Option<LocalDate>,
    /// The same before the last issue, in case that issue is given back.
    pub supply_ended_before: Option<LocalDate>,
    pub open: Option<OpenRequest>,
}

/// The request that is open for a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenRequest {
    pub request: RepeatRequestId,
    pub approved: bool,
}

/// The reason why a plan cannot be ordered on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRefusal {
    PlanStopped,
    AlreadyRequested { request: RepeatRequestId },
    ReviewOverdue { review_on: LocalDate },
    NoIssuesLeft { issues: u16 },
    TooEarly { earliest: LocalDate },
}

impl PlanStanding {
    pub fn authorised(event: &RepeatAuthorised) -> PlanStanding {
        PlanStanding {
            supply_days: event.supply_days,
            issues: event.issues,
            issued: 0,
            review_on: event.review_on,
            stopped_at: None,
            supply_ends_on: None,
            supply_ended_before: None,
            open: None,
        }
    }

    pub fn change(&mut self, event: &RepeatChanged) {
        self.supply_days = event.supply_days;
        self.issues = event.issues;
        self.issued = event.issued;
        self.review_on = event.review_on;
    }

    pub fn stop(&mut self, event: &RepeatStopped) {
        self.stopped_at = Some(event.stopped_at);
    }

    pub fn request(&mut self, request: &RepeatRequestId) {
        self.open = Some(OpenRequest { request: request.clone(), approved: false });
    }

    /// Uses an issue. A supply that is issued before the last one ends begins where that one ends, so ordering early each
    /// time does not build up a stock.
    pub fn issue(&mut self, event: &RepeatsIssued) {
        self.issued = self.issued.saturating_add(1);
        let today = LONDON.day(event.issued_at);
        let begins = self.supply_ends_on.filter(|ends| *ends > today).unwrap_or(today);
        self.supply_ended_before = self.supply_ends_on.replace(begins.plus_days(i64::from(self.supply_days)));
        self.open = Some(OpenRequest { request: event.request.clone(), approved: true });
    }

    /// Ends the request, and gives an issue back that was not dispensed. A request that a later one has replaced changes
    /// nothing.
    pub fn settle(&mut self, plan: &PlanId, event: &RepeatsSettled) {
        let Some(open) = self.open.take_if(|open| open.request == event.request) else { return };
        if open.approved && event.not_dispensed.contains(plan) {
            self.issued = self.issued.saturating_sub(1);
            self.supply_ends_on = self.supply_ended_before;
        }
    }

    pub fn issues_left(&self) -> u16 {
        self.issues.saturating_sub(self.issued)
    }

    /// The first day on which the next issue can be ordered, as far as the last supply decides it: some days before the
    /// last supply ends. `None` if there was no supply.
    pub fn next_order_on(&self, days_early: u16) -> Option<LocalDate> {
        self.supply_ends_on.map(|ends| ends.plus_days(-i64::from(days_early)))
    }

    /// The reason why the plan cannot be ordered on this day; `None` if it can be ordered.
    pub fn refusal(&self, today: LocalDate, days_early: u16) -> Option<OrderRefusal> {
        if self.stopped_at.is_some() {
            return Some(OrderRefusal::PlanStopped);
        }
        let too_early = self.next_order_on(days_early).filter(|earliest| *earliest > today);
        // A pharmacy may never report the end of an approved request. From the day of the next order on, it does not count.
        if let Some(open) = self.open.as_ref().filter(|open| !open.approved || too_early.is_some()) {
            return Some(OrderRefusal::AlreadyRequested { request: open.request.clone() });
        }
        if self.review_on < today {
            return Some(OrderRefusal::ReviewOverdue { review_on: self.review_on });
        }
        if self.issues_left() == 0 {
            return Some(OrderRefusal::NoIssuesLeft { issues: self.issues });
        }
        too_early.map(|earliest| OrderRefusal::TooEarly { earliest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{alice, at};

    fn plan() -> PlanId {
        "000000000001".parse().expect("an id")
    }

    fn request(n: u32) -> RepeatRequestId {
        format!("{n:012}").parse().expect("an id")
    }

    fn day(text: &str) -> LocalDate {
        text.parse().expect("a date")
    }

    fn standing() -> PlanStanding {
        PlanStanding {
            supply_days: 28,
            issues: 6,
            issued: 0,
            review_on: day("2026-12-31"),
            stopped_at: None,
            supply_ends_on: None,
            supply_ended_before: None,
            open: None,
        }
    }

    fn issued(n: u32, issued_at: &str) -> RepeatsIssued {
        RepeatsIssued { patient: alice(), request: request(n), plans: vec![plan()], issued_at: at(issued_at) }
    }

    fn settled(n: u32, not_dispensed: &[PlanId]) -> RepeatsSettled {
        RepeatsSettled {
            patient: alice(),
            request: request(n),
            plans: vec![plan()],
            not_dispensed: not_dispensed.to_vec(),
            settled_at: at("2026-03-03T08:00:00Z"),
        }
    }

    #[test]
    fn a_supply_that_is_issued_early_begins_where_the_last_one_ends() {
        let mut plan = standing();
        plan.issue(&issued(1, "2026-03-02T08:00:00Z"));
        assert_eq!(plan.supply_ends_on, Some(day("2026-03-30")));
        plan.issue(&issued(2, "2026-03-23T08:00:00Z"));
        assert_eq!(plan.supply_ends_on, Some(day("2026-04-27")));
        plan.issue(&issued(3, "2026-06-01T08:00:00Z"));
        assert_eq!(plan.supply_ends_on, Some(day("2026-06-29")));
    }

    #[test]
    fn an_issue_that_was_not_dispensed_is_given_back_with_its_days() {
        let mut standing = standing();
        standing.issue(&issued(1, "2026-03-02T08:00:00Z"));
        standing.settle(&plan(), &settled(1, &[]));
        standing.issue(&issued(2, "2026-03-23T08:00:00Z"));
        standing.settle(&plan(), &settled(2, &[plan()]));
        assert_eq!((standing.issued, standing.supply_ends_on), (1, Some(day("2026-03-30"))));
    }

    #[test]
    fn the_end_of_an_older_request_does_not_end_a_newer_one() {
        let mut standing = standing();
        standing.issue(&issued(1, "2026-03-02T08:00:00Z"));
        standing.request(&request(2));
        standing.settle(&plan(), &settled(1, &[plan()]));
        assert_eq!(standing.open.as_ref().map(|open| &open.request), Some(&request(2)));
        assert_eq!(standing.issued, 1);
    }

    /// The supply ends on a day of London: in summer its midnight is 23:00 of the day before in Greenwich.
    #[test]
    fn a_supply_is_counted_in_days_of_london() {
        let mut plan = standing();
        plan.issue(&issued(1, "2026-07-01T23:30:00Z"));
        assert_eq!(plan.supply_ends_on, Some(day("2026-07-30")));
        assert_eq!(plan.next_order_on(7), Some(day("2026-07-23")));
    }
}
