//! Completes a request when its medicines have an end: as soon as a report is true, and when the prescription expires.

use domain::prescriptions::{CompleteRequest, complete_request::PRESCRIPTION_DAYS_MAX};
use event_core::{Policy, Reactions, Recorded};
use vocabulary::prescriptions::PrescriptionEvent;

pub struct CompleteRequests;

impl Policy for CompleteRequests {
    const NAME: &'static str = "complete-requests";
    type Event = PrescriptionEvent;

    fn react(fact: &Recorded<PrescriptionEvent>) -> Reactions {
        match &fact.data {
            PrescriptionEvent::Sent(sent) => {
                let complete = CompleteRequest {
                    patient: sent.patient,
                    request: sent.request.clone(),
                    pharmacy: sent.pharmacy.clone(),
                };
                Reactions::give_at(sent.sent_at.plus_days(PRESCRIPTION_DAYS_MAX), &complete)
            }
            PrescriptionEvent::Reported(report) if report.status.ends() => {
                let complete = CompleteRequest {
                    patient: report.patient,
                    request: report.request.clone(),
                    pharmacy: report.pharmacy.clone(),
                };
                // A post-dated report ends nothing before it is true.
                if report.at > report.reported_at {
                    Reactions::give_at(report.at, &complete)
                } else {
                    Reactions::give(&complete)
                }
            }
            // Other reports end nothing. The request was, or will be, looked at for a report that ends it.
            PrescriptionEvent::Reported(_)
            | PrescriptionEvent::Requested(_)
            | PrescriptionEvent::Cancelled(_)
            | PrescriptionEvent::Approved(_)
            | PrescriptionEvent::Rejected(_)
            | PrescriptionEvent::Completed(_) => Reactions::none(),
        }
    }
}

#[cfg(test)]
mod specs {
    use vocabulary::prescriptions::{
        DispenseReported,
        DispenseStatus::{self, Collected, ReadyToCollect},
        PrescriptionId, PrescriptionSent,
    };

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, reactions, site};

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
    fn an_end_is_looked_at_when_it_is_true() {
        let now = reactions::<CompleteRequests>(NINE, reported(Collected, NINE));
        assert_eq!((now[0].command, now[0].due_at), ("complete-request", None));
        let later = reactions::<CompleteRequests>(NINE, reported(Collected, TEN_PAST));
        assert_eq!(later[0].due_at, Some(at(TEN_PAST)));
        assert!(reactions::<CompleteRequests>(NINE, reported(ReadyToCollect, NINE)).is_empty());
    }

    #[test]
    fn a_prescription_is_looked_at_when_it_expires() {
        let request = "000000000001".parse().expect("an id");
        let sent = PrescriptionSent {
            patient: alice(),
            prescription: PrescriptionId::of(&site(), alice(), &request),
            request,
            practice: site(),
            requested_at: at(NINE),
            pharmacy: "FA123".parse().expect("a code"),
            items: Vec::new(),
            sent_at: at(NINE),
        };
        let given = reactions::<CompleteRequests>(NINE, sent.into());
        assert_eq!(given[0].due_at, Some(at(NINE).plus_days(PRESCRIPTION_DAYS_MAX)));
    }
}
