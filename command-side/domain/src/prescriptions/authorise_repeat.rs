use event_core::{LocalDate, OrganisationCode, Personal, Rejected, SubjectId};
use vocabulary::{
    prescriptions::{Medicine, PlanId, RepeatAuthorised},
    registrations::Registration,
    time::LONDON,
};

use super::{
    rejections::{PLAN_INVALID, REPEAT_EXISTS, REPEAT_LIMIT_REACHED},
    repeat_book::RepeatBook,
    strict::StrictMedicine,
};
use crate::{
    prelude::*,
    registrations::{has_to_be_at, rejections::NOT_REGISTERED_HERE},
};

/// The maximum number of days that one issue lasts.
pub const SUPPLY_DAYS_MAX: u16 = 366;
/// The maximum number of issues of a plan.
pub const ISSUES_MAX: u16 = 99;
/// The number of days ahead within which a plan has to be reviewed.
pub const REVIEW_DAYS_AHEAD_MAX: i64 = 2 * 366;

/// Authorise a repeat plan: a medicine that a patient can order without seeing a prescriber.
///
/// A patient has at most 50 plans, and a practice authorises or changes at most 100 a month for one patient.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthoriseRepeat {
    pub patient: SubjectId,
    /// The practice, at which the patient is registered.
    pub practice: OrganisationCode,
    /// A new id for the plan: 12 random characters of Crockford base32.
    pub plan: PlanId,
    #[serde(with = "StrictMedicine")]
    #[schemars(with = "StrictMedicine")]
    pub medicine: Medicine,
    /// How many days one issue lasts: 1 to 366.
    #[schemars(range(min = 1, max = SUPPLY_DAYS_MAX))]
    pub supply_days: u16,
    /// The number of issues, all of them: 1 to 99. The Electronic Prescription Service counts one less.
    #[schemars(range(min = 1, max = ISSUES_MAX))]
    pub issues: u16,
    /// The last day on which the plan can be ordered without a review: from today to two years ahead.
    pub review_on: LocalDate,
}

impl Command for AuthoriseRepeat {
    const NAME: &'static str = "authorise-repeat";
    const WHO: &'static dyn AccessRule = &staff(Permission::Prescribing);
    const REJECTIONS: &'static [&'static Rejection] =
        &[&NOT_REGISTERED_HERE, &REPEAT_EXISTS, &PLAN_INVALID, &REPEAT_LIMIT_REACHED];
    type Reads = (RepeatBook, Registration);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.patient)
    }

    fn organisation(&self) -> Option<OrganisationCode> {
        Some(self.practice.clone())
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(self.patient), Stream::of(self.patient))
    }

    fn decide(&self, (book, registration): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        has_to_be_at(registration, &self.practice)?;
        let medicine: Personal<Medicine> = self.medicine.clone().into();
        if let Some(known) = book.plan(&self.plan) {
            let standing = &known.standing;
            let same = known.practice == self.practice
                && known.medicine == medicine
                && standing.stopped_at.is_none()
                && (standing.supply_days, standing.issues, standing.review_on)
                    == (self.supply_days, self.issues, self.review_on);
            return if same { Ok(nothing_new()) } else { Err((&REPEAT_EXISTS).into()) };
        }
        check_plan(self.supply_days, Some(self.issues), self.review_on, context)?;
        book.may_authorise(context.now)?;
        Ok(record(RepeatAuthorised {
            patient: self.patient,
            plan: self.plan.clone(),
            practice: self.practice.clone(),
            medicine,
            supply_days: self.supply_days,
            issues: self.issues,
            review_on: self.review_on,
            authorised_at: context.now,
        }))
    }
}

/// # Errors
/// `plan-invalid`.
pub(super) fn check_plan(
    supply_days: u16,
    issues: Option<u16>,
    review_on: LocalDate,
    context: &Context,
) -> Result<(), Rejected> {
    if !(1..=SUPPLY_DAYS_MAX).contains(&supply_days) {
        return Err(PLAN_INVALID.with("why", "an issue lasts 1 to 366 days"));
    }
    if issues.is_some_and(|issues| !(1..=ISSUES_MAX).contains(&issues)) {
        return Err(PLAN_INVALID.with("why", "a plan has 1 to 99 issues"));
    }
    if !(0..=REVIEW_DAYS_AHEAD_MAX).contains(&review_on.days_since(LONDON.day(context.now))) {
        return Err(PLAN_INVALID.with("why", "the review is today at the earliest and in two years at the latest"));
    }
    Ok(())
}

#[cfg(test)]
mod specs {
    use vocabulary::prescriptions::RepeatEvent;

    use super::*;
    use crate::{
        prescriptions::{StopRepeat, repeat_book::PLANS_MAX, scenes::*},
        spec::*,
    };

    #[test]
    fn a_plan_is_authorised_once_under_an_id() {
        let authorised = surgery().when(authorise(1)).records(&[&authorised(1)]);
        authorised.clone().when(authorise(1)).nothing_new();
        authorised.when(AuthoriseRepeat { issues: 7, ..authorise(1) }).rejected(&REPEAT_EXISTS);
    }

    /// The Electronic Prescription Service counts issues minus one. A plan of six issues that was stored as five would end
    /// one month early, and one of a single issue could never be ordered.
    #[test]
    fn issues_are_stored_as_issues_and_not_as_the_eps_counts_them() {
        let event = surgery().when(AuthoriseRepeat { issues: 1, ..authorise(1) });
        let RepeatEvent::Authorised(mut one) = authorised(1) else { unreachable!("it was authorised") };
        one.issues = 1;
        let world = event.records(&[&RepeatEvent::from(one)]).given(nominated(pharmacy())).given(pharmacy_opened());
        let once = world.by(as_patient(alice())).when(request(1, &[1])).records_kinds(&REQUESTED);
        once.by(as_prescriber()).when(approve(1)).records_kinds(&APPROVED);
    }

    #[test]
    fn impossible_plans_are_refused() {
        for (supply_days, issues, review_on) in [
            (0, 6, "2026-12-31"),
            (367, 6, "2026-12-31"),
            (28, 0, "2026-12-31"),
            (28, 100, "2026-12-31"),
            (28, 6, "2026-03-01"),
            (28, 6, "2028-03-04"),
        ] {
            let review_on = review_on.parse().expect("a date");
            surgery().when(AuthoriseRepeat { supply_days, issues, review_on, ..authorise(1) }).rejected(&PLAN_INVALID);
        }
    }

    #[test]
    fn only_the_own_practice_authorises() {
        world().when(authorise(1)).rejected(&NOT_REGISTERED_HERE);
        let elsewhere = AuthoriseRepeat { practice: "B99999".parse().expect("a code"), ..authorise(1) };
        surgery().when(elsewhere).rejected(&NOT_REGISTERED_HERE);
    }

    #[test]
    fn a_patient_has_50_plans_and_stopping_one_makes_room() {
        let kinds = ["repeat.authorised.v1"];
        let full = (1..=PLANS_MAX as u32).fold(surgery(), |world, n| world.when(authorise(n)).records_kinds(&kinds));
        let details = full.clone().when(authorise(51)).rejected_with(&REPEAT_LIMIT_REACHED);
        assert_eq!(details["limit"], PLANS_MAX);
        let stopped = full.when(StopRepeat { patient: alice(), practice: site(), plan: plan(1) });
        stopped.records_kinds(&["repeat.stopped.v1"]).when(authorise(51)).records_kinds(&kinds);
    }
}
