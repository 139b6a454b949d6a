//! A patient gets a message when a request for repeat medicines was approved or rejected, and when medicines are ready to be
//! collected.

use domain::messages::{SendSystemMessage, TellPrescriptionReady};
use event_core::{OrganisationCode, Policy, Reactions, Recorded, SubjectId};
use vocabulary::{
    messages::{MessageId, SystemFacts},
    prescriptions::{DispenseStatus, PrescriptionEvent},
};

pub struct PrescriptionNews;

impl Policy for PrescriptionNews {
    const NAME: &'static str = "prescription-news";
    type Event = PrescriptionEvent;

    fn react(fact: &Recorded<PrescriptionEvent>) -> Reactions {
        let of_practice = |practice: &OrganisationCode, patient: SubjectId, facts: SystemFacts| {
            let message = MessageId::of_event(practice, fact.id.as_u128());
            Reactions::give(&SendSystemMessage { message, patient, facts })
        };
        match &fact.data {
            PrescriptionEvent::Approved(approved) => {
                let (practice, request) = (approved.practice.clone(), approved.request.clone());
                let facts =
                    SystemFacts::PrescriptionApproved { practice, request, pharmacy: approved.pharmacy.clone() };
                of_practice(&approved.practice, approved.patient, facts)
            }
            PrescriptionEvent::Rejected(rejected) => {
                let (practice, request) = (rejected.practice.clone(), rejected.request.clone());
                let facts = SystemFacts::PrescriptionRejected { practice, request };
                of_practice(&rejected.practice, rejected.patient, facts)
            }
            PrescriptionEvent::Reported(report) if report.status == DispenseStatus::ReadyToCollect => {
                let tell = TellPrescriptionReady {
                    patient: report.patient,
                    request: report.request.clone(),
                    pharmacy: report.pharmacy.clone(),
                    at: report.at,
                };
                // A post-dated report is told of when it is true.
                if report.at > report.reported_at {
                    Reactions::give_at(report.at, &tell)
                } else {
                    Reactions::give(&tell)
                }
            }
            PrescriptionEvent::Reported(_)
            | PrescriptionEvent::Requested(_)
            | PrescriptionEvent::Cancelled(_)
            | PrescriptionEvent::Sent(_)
            | PrescriptionEvent::Completed(_) => Reactions::none(),
        }
    }
}

#[cfg(test)]
mod specs {
    use serde_json::json;
    use vocabulary::prescriptions::{DispenseReported, PrescriptionApproved, PrescriptionRejected};

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, reactions, site};

    /// The message of the event with the id 1.
    const MESSAGE: &str = "A12345.00000000000000000000000001";

    #[test]
    fn an_approval_and_a_rejection_are_each_a_message_of_the_practice() {
        let approved = PrescriptionApproved {
            patient: alice(),
            request: "000000000001".parse().expect("an id"),
            practice: site(),
            requested_at: at(NINE),
            pharmacy: "FA123".parse().expect("a code"),
            approved_at: at(TEN_PAST),
        };
        let rejected = PrescriptionRejected {
            patient: alice(),
            request: "000000000001".parse().expect("an id"),
            practice: site(),
            requested_at: at(NINE),
            reason: "Please have a blood test first."
                .parse::<vocabulary::prescriptions::RefusalReason>()
                .expect("a reason")
                .into(),
            rejected_at: at(TEN_PAST),
        };
        let events: [(PrescriptionEvent, serde_json::Value); 2] = [
            (
                approved.into(),
                json!({"kind": "prescription-approved", "practice": "A12345", "request": "000000000001", "pharmacy": "FA123"}),
            ),
            (
                rejected.into(),
                json!({"kind": "prescription-rejected", "practice": "A12345", "request": "000000000001"}),
            ),
        ];
        for (event, facts) in events {
            let given = reactions::<PrescriptionNews>(TEN_PAST, event);
            let [sent] = &given[..] else { panic!("{given:?}") };
            assert_eq!((sent.command, sent.due_at), ("send-system-message", None));
            assert_eq!(sent.body, json!({"message": MESSAGE, "patient": alice(), "facts": facts}));
        }
    }

    fn reported(status: DispenseStatus, instant: &str) -> PrescriptionEvent {
        DispenseReported {
            patient: alice(),
            request: "000000000001".parse().expect("an id"),
            requested_at: at(NINE),
            pharmacy: "FA123".parse().expect("a code"),
            sent_at: at(NINE),
            plan: "000000000001".parse().expect("an id"),
            status,
            at: at(instant),
            reported_at: at(NINE),
        }
        .into()
    }

    #[test]
    fn medicines_that_are_ready_are_told_of_when_it_is_true() {
        let now = reactions::<PrescriptionNews>(NINE, reported(DispenseStatus::ReadyToCollect, NINE));
        assert_eq!((now[0].command, now[0].due_at), ("tell-prescription-ready", None));
        let later = reactions::<PrescriptionNews>(NINE, reported(DispenseStatus::ReadyToCollect, TEN_PAST));
        assert_eq!(later[0].due_at, Some(at(TEN_PAST)));
        for other in [DispenseStatus::Preparing, DispenseStatus::ReadyToDispatch, DispenseStatus::Collected] {
            assert_eq!(reactions::<PrescriptionNews>(NINE, reported(other, NINE)), []);
        }
    }
}
