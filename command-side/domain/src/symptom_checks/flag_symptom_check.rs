use event_core::SubjectId;
use vocabulary::{
    messages::{MessageId, MessageKind, SystemFacts, SystemMessageSent},
    symptom_checks::{SymptomCheckFlagged, SymptomCheckId},
};

use super::{
    release_standing::ReleaseStanding,
    symptom_check::{CheckStage, SymptomCheck},
};
use crate::{
    contacts::Contact,
    messages::message::{Message, notifications},
    prelude::*,
};

/// Flag a symptom check of which the release was recalled, and tell its person.
///
/// A person without an account sees it in the check only. A check that was claimed is left as it is; the check that continues it is
/// flagged.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlagSymptomCheck {
    /// The person that started the check.
    pub subject: SubjectId,
    pub check: SymptomCheckId,
    /// The message that tells them.
    pub message: MessageId,
}

impl Command for FlagSymptomCheck {
    const NAME: &'static str = "flag-symptom-check";
    const WHO: &'static dyn AccessRule = &system();
    const REJECTIONS: &'static [&'static Rejection] = &[];
    type Reads = (SymptomCheck, ReleaseStanding, Message, Contact);

    fn subject(&self) -> Option<SubjectId> {
        Some(self.subject)
    }

    fn streams(&self, _: &Context) -> Streams<Self> {
        let (release, person) = (Stream::of(self.check.release()), Stream::of(self.subject));
        (Stream::of(&self.check), release, Stream::of(&self.message), person)
    }

    fn decide(
        &self,
        (check, standing, message, contact): States<'_, Self>,
        context: &Context,
    ) -> Result<Decision, Rejected> {
        let Ok(started) = check.of(self.subject) else { return Ok(nothing_new()) };
        let is_told = *message != Message::Unsent;
        let is_continued = started.stage == CheckStage::Claimed;
        if started.is_flagged || is_told || is_continued || *standing == ReleaseStanding::InUse {
            return Ok(nothing_new());
        }
        let (check, subject, now) = (self.check.clone(), self.subject, context.now);
        let facts = SystemFacts::SymptomCheckFlagged { check: check.clone(), started_at: started.started_at };
        let release = check.release().clone();
        let flagged = SymptomCheckFlagged { check, subject, release, flagged_at: now };
        if started.claim.is_some() {
            return Ok(record(flagged));
        }
        let sent = SystemMessageSent { message: self.message.clone(), subject, facts, sent_at: now };
        let notified = notifications(&self.message, subject, MessageKind::SymptomCheckFlagged, contact, now);
        Ok(record(flagged).and(sent).and_all(notified))
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::messages::NATIONAL_SERVICE;

    use super::*;
    use crate::{
        spec::*,
        symptom_checks::scenes::{check, nameless, recalled, started, started_anonymously},
    };

    const TOLD: [&str; 2] = ["symptom-check.flagged.v1", "message.system-sent.v1"];

    fn flag() -> FlagSymptomCheck {
        let message = MessageId::of_event(&NATIONAL_SERVICE, 1);
        FlagSymptomCheck { subject: alice(), check: check(1), message }
    }

    #[test]
    fn a_check_of_a_recalled_release_is_flagged_once_and_its_person_is_told() {
        started().given(recalled()).when(flag()).records_kinds(&TOLD).when(flag()).nothing_new();
    }

    #[test]
    fn the_check_of_a_person_without_an_account_is_flagged_without_a_message() {
        let flag = FlagSymptomCheck { subject: nameless(), ..flag() };
        let flagged = started_anonymously().given(recalled()).when(flag.clone());
        flagged.records_kinds(&["symptom-check.flagged.v1"]).when(flag).nothing_new();
    }

    #[test]
    fn a_check_is_not_flagged_while_its_release_is_in_use_or_if_it_is_of_another_person() {
        started().when(flag()).nothing_new();
        started().given(recalled()).when(FlagSymptomCheck { subject: bob(), ..flag() }).nothing_new();
    }
}
