use event_core::SubjectId;
use vocabulary::symptom_checks::{SymptomCheckId, SymptomCheckResumed};

use super::{
    journey::pinned,
    rejections::{CHECK_NOT_FOUND, PATHWAY_NOT_FOUND, RELEASE_WITHDRAWN, SESSION_CLOSED, TOO_MANY_ANSWERS},
    release_standing::ReleaseStanding,
    symptom_check::{CheckStage, SymptomCheck},
};
use crate::prelude::*;

/// Go on with a symptom check that was left, at the question that was asked last.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResumeSymptomCheck {
    /// The person that started the check.
    pub subject: SubjectId,
    pub check: SymptomCheckId,
}

impl Command for ResumeSymptomCheck {
    const NAME: &'static str = "resume-symptom-check";
    const WHO: &'static dyn AccessRule = &patient(P0).or(anonymous());
    const REJECTIONS: &'static [&'static Rejection] =
        &[&CHECK_NOT_FOUND, &SESSION_CLOSED, &RELEASE_WITHDRAWN, &PATHWAY_NOT_FOUND, &TOO_MANY_ANSWERS];
    type Reads = (SymptomCheck, ReleaseStanding);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        (Stream::of(&self.check), Stream::of(self.check.release()))
    }

    fn decide(&self, (check, standing): States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let started = check.of(self.subject)?;
        match started.stage {
            CheckStage::Open => return Ok(nothing_new()),
            CheckStage::Abandoned => {}
            CheckStage::Disposed | CheckStage::Claimed => return Err(started.closed()),
        }
        pinned(&self.check, started, standing)?;
        started.journey()?;
        started.may_change()?;
        let (check, subject) = (self.check.clone(), self.subject);
        Ok(record(SymptomCheckResumed { check, subject, resumed_at: context.now }))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::symptom_checks::{SymptomCheckAbandoned, SymptomCheckEvent, SymptomCheckStarted};

    use super::*;
    use crate::{
        spec::*,
        symptom_checks::{scenes::*, symptom_check::CHANGES_MAX},
    };

    fn resume() -> ResumeSymptomCheck {
        ResumeSymptomCheck { subject: alice(), check: check(1) }
    }

    fn left() -> SymptomCheckEvent {
        SymptomCheckAbandoned { check: check(1), subject: alice(), abandoned_at: at(NOW) }.into()
    }

    #[test]
    fn a_check_that_was_left_goes_on_at_the_same_question() {
        let on = said_no(&["sudden-onset"]).given(left()).when(resume()).records(&[&resumed()]);
        on.clone().when(resume()).nothing_new();
        on.when(answer("stroke-signs", choice("no"))).records_kinds(&ANSWERED);
    }

    #[test]
    fn a_check_that_has_ended_or_is_unknown_is_not_resumed() {
        let ended = started().when(answer("sudden-onset", choice("yes"))).records_kinds(&ENDED);
        ended.when(resume()).rejected(&SESSION_CLOSED);
        world().when(resume()).rejected(&CHECK_NOT_FOUND);
        started().given(left()).when(ResumeSymptomCheck { subject: bob(), ..resume() }).rejected(&CHECK_NOT_FOUND);
    }

    #[test]
    fn a_check_of_a_release_that_was_recalled_is_not_resumed() {
        started().given(left()).given(recalled()).when(resume()).rejected(&RELEASE_WITHDRAWN);
    }

    #[test]
    fn resumptions_count_towards_the_limit_of_a_check() {
        let full = (0..CHANGES_MAX).fold(started(), |world, _| world.given(resumed()));
        full.given(left()).when(resume()).rejected(&TOO_MANY_ANSWERS);
    }

    /// The data of an erased person is read closed.
    #[test]
    fn the_check_of_an_erased_person_is_closed() {
        let json = include_str!("../../../../events/vocabulary/released/symptom-check.started.v1.json");
        let closed: SymptomCheckStarted = serde_json::from_str(json).expect("the released form");
        let mut check = SymptomCheck::default();
        event_core::State::evolve(&mut check, &closed.into());
        let details = check.of(alice()).expect("a check").journey().expect_err("it is closed").details;
        assert_eq!(details["stage"], "erased");
    }
}
