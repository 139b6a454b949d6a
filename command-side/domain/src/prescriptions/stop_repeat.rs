use event_core::{OrganisationCode, SubjectId};
use vocabulary::prescriptions::{PlanId, RepeatStopped};

use super::{rejections::NOT_REPEAT, repeat_book::RepeatBook};
use crate::prelude::*;

/// Stop a repeat plan, so that it cannot be ordered any more. A request that is open stays open.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StopRepeat {
    pub patient: SubjectId,
    pub practice: OrganisationCode,
    pub plan: PlanId,
}

impl Command for StopRepeat {
    const NAME: &'static str = "stop-repeat";
    const WHO: &'static dyn AccessRule = &staff(Permission::Prescribing);
    const REJECTIONS: &'static [&'static Rejection] = &[&NOT_REPEAT];
    const GIVES_UP: bool = true;
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
        if book.plan_at(&self.plan, &self.practice)?.standing.stopped_at.is_some() {
            return Ok(nothing_new());
        }
        let (patient, plan, practice) = (self.patient, self.plan.clone(), self.practice.clone());
        Ok(record(RepeatStopped { patient, plan, practice, stopped_at: context.now }))
    }
}

#[cfg(test)]
mod specs {
    use super::*;
    use crate::{
        prescriptions::{rejections::PLAN_STOPPED, scenes::*},
        spec::*,
    };

    fn stop(n: u32) -> StopRepeat {
        StopRepeat { patient: alice(), practice: site(), plan: plan(n) }
    }

    #[test]
    fn a_plan_is_stopped_once_and_cannot_be_ordered_then() {
        let stopped = ordering().when(stop(1)).records_kinds(&["repeat.stopped.v1"]).when(stop(1)).nothing_new();
        let details = stopped.clone().when(request(1, &[1])).rejected_with(&PLAN_STOPPED);
        assert_eq!(details["plan"], plan(1).to_string());
        stopped.when(request(1, &[2])).records_kinds(&REQUESTED);
    }

    #[test]
    fn only_a_plan_of_this_practice_is_stopped() {
        ordering().when(stop(9)).rejected(&NOT_REPEAT);
        let elsewhere = StopRepeat { practice: "B99999".parse().expect("a code"), ..stop(1) };
        ordering().when(elsewhere).rejected(&NOT_REPEAT);
    }
}
