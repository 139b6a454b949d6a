use event_core::{LocalDate, OrganisationCode, Personal, SubjectId};
use vocabulary::prescriptions::{Medicine, PlanId, RepeatChanged};

use super::{
    authorise_repeat::{ISSUES_MAX, SUPPLY_DAYS_MAX, check_plan},
    rejections::{NOT_REPEAT, PLAN_INVALID, PLAN_STOPPED, REPEAT_LIMIT_REACHED},
    repeat_book::RepeatBook,
    strict::StrictMedicine,
};
use crate::prelude::*;

/// Change a repeat plan: its medicine, the days that an issue lasts, the review date, or authorise issues anew.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeRepeat {
    pub patient: SubjectId,
    pub practice: OrganisationCode,
    pub plan: PlanId,
    #[serde(with = "StrictMedicine")]
    #[schemars(with = "StrictMedicine")]
    pub medicine: Medicine,
    #[schemars(range(min = 1, max = SUPPLY_DAYS_MAX))]
    pub supply_days: u16,
    /// The number of issues that are authorised anew: the count begins again. If it is left out, the issues stay as they
    /// are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = ISSUES_MAX))]
    pub issues: Option<u16>,
    /// The last day on which the plan can be ordered without a review: from today to two years ahead.
    pub review_on: LocalDate,
}

impl Command for ChangeRepeat {
    const NAME: &'static str = "change-repeat";
    const WHO: &'static dyn AccessRule = &staff(Permission::Prescribing);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&NOT_REPEAT, &PLAN_STOPPED, &PLAN_INVALID, &REPEAT_LIMIT_REACHED];
    type Reads = RepeatBook;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(self.patient)
    }

    fn decide(&self, book: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let plan = book.plan_at(&self.plan, &self.practice)?;
        let standing = &plan.standing;
        if standing.stopped_at.is_some() {
            return Err(PLAN_STOPPED.with("plan", self.plan.to_string()));
        }
        let medicine: Personal<Medicine> = self.medicine.clone().into();
        let (issues, issued) = self.issues.map_or((standing.issues, standing.issued), |issues| (issues, 0));
        let same = plan.medicine == medicine
            && (standing.supply_days, standing.issues, standing.issued, standing.review_on)
                == (self.supply_days, issues, issued, self.review_on);
        if same {
            return Ok(nothing_new());
        }
        check_plan(self.supply_days, self.issues, self.review_on, context)?;
        book.may_change(context.now)?;
        Ok(record(RepeatChanged {
            patient: self.patient,
            plan: self.plan.clone(),
            practice: self.practice.clone(),
            medicine,
            supply_days: self.supply_days,
            issues,
            issued,
            review_on: self.review_on,
            changed_at: context.now,
        }))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        prescriptions::{StopRepeat, rejections::NO_ISSUES_LEFT, repeat_book::PLAN_CHANGES_A_MONTH_MAX, scenes::*},
        spec::*,
    };

    const CHANGED: [&str; 1] = ["repeat.changed.v1"];

    fn change(issues: Option<u16>) -> ChangeRepeat {
        let AuthoriseRepeatFields { medicine, supply_days, review_on } = AuthoriseRepeatFields::of(1);
        ChangeRepeat { patient: alice(), practice: site(), plan: plan(1), medicine, supply_days, issues, review_on }
    }

    #[test]
    fn a_plan_is_changed_once() {
        let longer = ChangeRepeat { supply_days: 56, ..change(None) };
        let changed = ordering().when(longer.clone()).records_kinds(&CHANGED);
        changed
            .when(longer)
            .nothing_new()
            .when(ChangeRepeat { supply_days: 0, ..change(None) })
            .rejected(&PLAN_INVALID);
    }

    #[test]
    fn issues_that_are_authorised_anew_can_all_be_used_again() {
        let one = ordering().when(ChangeRepeat { supply_days: 1, ..change(Some(1)) }).records_kinds(&CHANGED);
        let used = collected(one, 1, &[1]).at("2026-04-02T08:00:00Z").when(request(2, &[1])).rejected(&NO_ISSUES_LEFT);
        let renewed = used.when(ChangeRepeat { supply_days: 1, ..change(Some(1)) }).records_kinds(&CHANGED);
        renewed.when(request(2, &[1])).records_kinds(&REQUESTED);
    }

    #[test]
    fn a_change_without_issues_leaves_the_count() {
        let one = ordering().when(ChangeRepeat { supply_days: 1, ..change(Some(1)) }).records_kinds(&CHANGED);
        let used = collected(one, 1, &[1]).at("2026-04-02T08:00:00Z");
        let changed = used.when(ChangeRepeat { supply_days: 2, ..change(None) }).records_kinds(&CHANGED);
        changed.when(request(2, &[1])).rejected(&NO_ISSUES_LEFT);
    }

    #[test]
    fn only_plans_that_stand_are_changed_and_by_their_practice() {
        let missing = ChangeRepeat { plan: plan(9), ..change(None) };
        ordering().when(missing).rejected(&NOT_REPEAT);
        let elsewhere = ChangeRepeat { practice: "B99999".parse().expect("a code"), ..change(Some(9)) };
        ordering().when(elsewhere).rejected(&NOT_REPEAT);
        let stop = StopRepeat { patient: alice(), practice: site(), plan: plan(1) };
        ordering().when(stop).records_kinds(&["repeat.stopped.v1"]).when(change(Some(9))).rejected(&PLAN_STOPPED);
    }

    #[test]
    fn the_plans_of_a_patient_are_changed_100_times_a_month() {
        let days = |n| ChangeRepeat { supply_days: n, ..change(None) };
        // The two plans of the scene were authorised in this month.
        let full = (1..=PLAN_CHANGES_A_MONTH_MAX as u16 - 2)
            .fold(ordering(), |world, n| world.when(days(100 + n)).records_kinds(&CHANGED));
        let full = full.when(days(1)).rejected(&REPEAT_LIMIT_REACHED);
        full.at("2026-04-01T08:00:00Z").when(days(1)).records_kinds(&CHANGED);
    }
}
