use event_core::SubjectId;
use vocabulary::symptom_checks::{SymptomCheckAbandoned, SymptomCheckId};

use super::{
    rejections::{CHECK_NOT_FOUND, SESSION_CLOSED},
    symptom_check::{CheckStage, SymptomCheck},
};
use crate::prelude::*;

/// Leave a symptom check before its end. The answers are kept, and it can be resumed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AbandonSymptomCheck {
    /// The person that started the check.
    pub subject: SubjectId,
    pub check: SymptomCheckId,
}

impl Command for AbandonSymptomCheck {
    const NAME: &'static str = "abandon-symptom-check";
    const WHO: &'static dyn AccessRule = &patient(P0).or(anonymous());
    const REJECTIONS: &'static [&'static Rejection] = &[&CHECK_NOT_FOUND, &SESSION_CLOSED];
    const GIVES_UP: bool = true;
    type Reads = SymptomCheck;

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        Stream::of(&self.check)
    }

    fn decide(&self, check: States<'_, Self>, context: &Context) -> Result<Decision, Rejected> {
        let started = check.of(self.subject)?;
        match started.stage {
            CheckStage::Open => {
                let (check, subject) = (self.check.clone(), self.subject);
                Ok(record(SymptomCheckAbandoned { check, subject, abandoned_at: context.now }))
            }
            CheckStage::Abandoned => Ok(nothing_new()),
            CheckStage::Disposed | CheckStage::Claimed => Err(started.closed()),
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::symptom_checks::SymptomCheckEvent;

    use super::*;
    use crate::{spec::*, symptom_checks::scenes::*};

    fn abandon() -> AbandonSymptomCheck {
        AbandonSymptomCheck { subject: alice(), check: check(1) }
    }

    #[test]
    fn a_check_is_left_once() {
        let left: SymptomCheckEvent =
            SymptomCheckAbandoned { check: check(1), subject: alice(), abandoned_at: at(NOW) }.into();
        started().when(abandon()).records(&[&left]).when(abandon()).nothing_new();
        started().given(recalled()).when(abandon()).records(&[&left]);
    }

    #[test]
    fn a_check_that_has_ended_or_is_unknown_is_not_left() {
        let ended = started().when(answer("sudden-onset", choice("yes"))).records_kinds(&ENDED);
        assert_eq!(ended.when(abandon()).rejected_with(&SESSION_CLOSED)["stage"], "disposed");
        world().when(abandon()).rejected(&CHECK_NOT_FOUND);
        started().when(AbandonSymptomCheck { subject: bob(), ..abandon() }).rejected(&CHECK_NOT_FOUND);
    }
}
