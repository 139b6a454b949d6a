//! Sends the prescription of an approved request to the pharmacy that the approval names.

use domain::prescriptions::SendToPharmacy;
use event_core::{Policy, Reactions, Recorded};
use vocabulary::prescriptions::PrescriptionEvent;

pub struct SendPrescriptions;

impl Policy for SendPrescriptions {
    const NAME: &'static str = "send-prescriptions";
    type Event = PrescriptionEvent;

    fn react(fact: &Recorded<PrescriptionEvent>) -> Reactions {
        match &fact.data {
            PrescriptionEvent::Approved(approved) => Reactions::give(&SendToPharmacy {
                patient: approved.patient,
                practice: approved.practice.clone(),
                request: approved.request.clone(),
                pharmacy: approved.pharmacy.clone(),
            }),
            PrescriptionEvent::Requested(_)
            | PrescriptionEvent::Cancelled(_)
            | PrescriptionEvent::Rejected(_)
            | PrescriptionEvent::Sent(_)
            | PrescriptionEvent::Reported(_)
            | PrescriptionEvent::Completed(_) => Reactions::none(),
        }
    }
}

#[cfg(test)]
mod specs {
    use serde_json::json;
    use vocabulary::prescriptions::{PrescriptionApproved, PrescriptionCancelled};

    use super::*;
    use crate::spec::{NINE, TEN_PAST, alice, at, reactions, site};

    #[test]
    fn an_approved_request_is_sent_at_once_to_the_pharmacy_of_the_approval() {
        let approved = PrescriptionApproved {
            patient: alice(),
            request: "000000000001".parse().expect("an id"),
            practice: site(),
            requested_at: at(NINE),
            pharmacy: "FA123".parse().expect("a code"),
            approved_at: at(TEN_PAST),
        };
        let given = reactions::<SendPrescriptions>(TEN_PAST, approved.into());
        assert_eq!(given.len(), 1);
        assert_eq!((given[0].command, given[0].due_at), ("send-to-pharmacy", None));
        let body = json!({"patient": alice(), "practice": "A12345", "request": "000000000001", "pharmacy": "FA123"});
        assert_eq!(given[0].body, body);
    }

    #[test]
    fn a_cancelled_request_is_not_sent() {
        let cancelled = PrescriptionCancelled {
            patient: alice(),
            request: "000000000001".parse().expect("an id"),
            practice: site(),
            requested_at: at(NINE),
            cancelled_at: at(NINE),
        };
        assert!(reactions::<SendPrescriptions>(NINE, cancelled.into()).is_empty());
    }
}
