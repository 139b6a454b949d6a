//! The recall of a release flags every symptom check that used it, and tells its person. Each check waits for the recall of its
//! release from its start on: a release can have millions of checks, which no event can name.

use domain::symptom_checks::flag_symptom_check::FlagSymptomCheck;
use event_core::{Policy, Reactions, Recorded};
use vocabulary::{
    messages::{MessageId, NATIONAL_SERVICE},
    symptom_checks::{PathwayEvent, SymptomCheckEvent},
};

event_core::followed! {
    /// An event of a symptom check, or of a release.
    pub enum CheckOrRelease {
        Check(SymptomCheckEvent),
        Release(PathwayEvent),
    }
}

pub struct RecalledChecks;

impl Policy for RecalledChecks {
    const NAME: &'static str = "recalled-checks";
    type Event = CheckOrRelease;

    fn react(fact: &Recorded<CheckOrRelease>) -> Reactions {
        match &fact.data {
            CheckOrRelease::Check(SymptomCheckEvent::Started(started)) => {
                let message = MessageId::of_event(&NATIONAL_SERVICE, fact.id.as_u128());
                let (subject, check) = (started.subject, started.check.clone());
                Reactions::give_after(started.release.to_string(), &FlagSymptomCheck { subject, check, message })
            }
            CheckOrRelease::Release(PathwayEvent::Recalled(recalled)) => {
                Reactions::release(recalled.release.to_string())
            }
            CheckOrRelease::Check(
                SymptomCheckEvent::Asked(_)
                | SymptomCheckEvent::Answered(_)
                | SymptomCheckEvent::Revised(_)
                | SymptomCheckEvent::Abandoned(_)
                | SymptomCheckEvent::Resumed(_)
                | SymptomCheckEvent::Disposed(_)
                | SymptomCheckEvent::Flagged(_)
                | SymptomCheckEvent::Claimed(_),
            ) => Reactions::none(),
        }
    }
}

#[cfg(test)]
mod specs {
    use domain::symptom_checks::{
        recall_release::RecallRelease,
        start_symptom_check::{PersonWithSymptoms, StartSymptomCheck},
    };
    use event_core::{Caller, SubjectId, event::AnyEvent, policy::policy_caller};
    use pathways::{Party, Sex};

    use crate::{
        runner::PolicyRunner,
        spec::{NINE, alice, at, bob},
    };

    fn kinds(events: &[Box<dyn AnyEvent>]) -> Vec<&'static str> {
        events.iter().map(|event| event.kind()).collect()
    }

    fn start(subject: SubjectId, check: &str) -> StartSymptomCheck {
        let person = PersonWithSymptoms { age_years: 30, sex: Sex::Female, party: Party::First };
        let check = check.parse().expect("a check");
        StartSymptomCheck { subject, check, person, consents_to_storage: true, consents_to_sharing: false, claim: None }
    }

    #[test]
    fn a_recall_flags_the_checks_of_its_release_and_no_others_and_tells_their_people_once() {
        let mut runner = PolicyRunner::at(at(NINE));
        let caller = || -> Caller { policy_caller("spec").expect("a caller") };
        for (subject, check) in [
            (alice(), "headache.1.000000000001"),
            (bob(), "headache.1.000000000002"),
            (alice(), "chest-pain.1.000000000003"),
        ] {
            runner.give(&start(subject, check), caller()).expect("it starts");
        }
        assert_eq!(kinds(&runner.settle()), [] as [&str; 0]);
        let recall = RecallRelease {
            release: "headache.1".parse().expect("a release"),
            reason: "A question was missing".parse().expect("a line"),
        };
        runner.give(&recall, caller()).expect("it is recalled");
        let told = ["symptom-check.flagged.v1", "message.system-sent.v1"];
        assert_eq!(kinds(&runner.settle()), [told, told].concat());
    }
}
