//! The gateway that sends prescriptions to the system of the pharmacies, which hands each to the pharmacy that it names.

use event_core::{Gateway, Recorded, Stream, Timestamp};
use serde_json::{Value, json};
use vocabulary::{
    prescriptions::{PrescriptionEvent, PrescriptionSent},
    registrations::Registration,
};

pub struct ToPharmacies;

fn sent(event: &PrescriptionEvent) -> Option<&PrescriptionSent> {
    match event {
        PrescriptionEvent::Sent(sent) => Some(sent),
        PrescriptionEvent::Requested(_)
        | PrescriptionEvent::Cancelled(_)
        | PrescriptionEvent::Approved(_)
        | PrescriptionEvent::Rejected(_)
        | PrescriptionEvent::Reported(_)
        | PrescriptionEvent::Completed(_) => None,
    }
}

impl Gateway for ToPharmacies {
    const NAME: &'static str = "pharmacy";
    type Event = PrescriptionEvent;
    type Reads = Registration;

    fn delivers(fact: &Recorded<PrescriptionEvent>) -> bool {
        sent(&fact.data).is_some()
    }

    fn streams(fact: &Recorded<PrescriptionEvent>) -> Stream<Registration> {
        // An event of another kind is not delivered, so its stream is not read.
        match sent(&fact.data) {
            Some(sent) => Stream::of(sent.patient),
            None => Stream::of(fact.stream_id()),
        }
    }

    /// `None` once the data of the patient was erased: the medicines cannot be collected.
    fn contents(fact: &Recorded<PrescriptionEvent>, registration: &Registration, _: Timestamp) -> Option<Value> {
        let sent = sent(&fact.data)?;
        let patient = match registration {
            Registration::Unregistered => return None,
            Registration::At(patient) => patient,
        };
        let items: Option<Vec<Value>> = sent.items.iter().map(|item| item.medicine.get().map(|it| json!(it))).collect();
        Some(json!({
            "prescription": sent.prescription,
            "pharmacy": sent.pharmacy,
            "practice": sent.practice,
            "sentAt": sent.sent_at,
            "patient": {
                "name": patient.name.get()?,
                "nhsNumber": patient.nhs_number.get()?,
                "bornOn": patient.born_on.get()?,
            },
            "items": items?,
        }))
    }
}

#[cfg(test)]
mod specs {
    use event_core::{Personal, testing::recorded};
    use vocabulary::{
        prescriptions::{Medicine, PrescriptionCancelled, PrescriptionId, PrescriptionItem},
        registrations::PatientRegistered,
        text::BirthDate,
    };

    use super::*;
    use crate::spec::{NINE, alice, at, site};

    fn prescription(medicine: Personal<Medicine>) -> Recorded<PrescriptionEvent> {
        let request = "000000000001".parse().expect("an id");
        let sent = PrescriptionSent {
            patient: alice(),
            prescription: PrescriptionId::of(&site(), alice(), &request),
            request,
            practice: site(),
            requested_at: at(NINE),
            pharmacy: "FA123".parse().expect("a code"),
            items: vec![PrescriptionItem { plan: "000000000001".parse().expect("an id"), medicine }],
            sent_at: at(NINE),
        };
        recorded(1, "prescription.sent.v1", sent.into())
    }

    fn medicine() -> Medicine {
        Medicine {
            code: "39113611000001102".parse().expect("a code"),
            name: "Atorvastatin 20mg tablets".parse().expect("a name"),
            dose: "One tablet each evening".parse().expect("a dose"),
            quantity: "28 tablets".parse().expect("a quantity"),
        }
    }

    fn registered() -> Registration {
        Registration::At(Box::new(PatientRegistered {
            subject: alice(),
            practice: site(),
            name: "Alice Example".parse::<vocabulary::text::PersonName>().expect("a name").into(),
            nhs_number: "9990000018".parse::<vocabulary::text::NhsNumber>().expect("a number").into(),
            born_on: BirthDate("1990-01-31".parse().expect("a date")).into(),
        }))
    }

    #[test]
    fn a_prescription_is_delivered_with_the_patient_and_the_medicines() {
        let fact = prescription(medicine().into());
        assert!(ToPharmacies::delivers(&fact));
        let contents = ToPharmacies::contents(&fact, &registered(), at(NINE)).expect("contents");
        assert_eq!(contents["pharmacy"], "FA123");
        assert_eq!(
            contents["patient"],
            json!({"name": "Alice Example", "nhsNumber": "9990000018", "bornOn": "1990-01-31"})
        );
        assert_eq!(contents["items"], json!([medicine()]));
        let number = contents["prescription"].as_str().expect("a number");
        assert!(number.parse::<PrescriptionId>().is_ok(), "{number}");
    }

    #[test]
    fn nothing_is_delivered_of_other_events_or_of_an_unknown_patient() {
        let cancelled = PrescriptionCancelled {
            patient: alice(),
            request: "000000000001".parse().expect("an id"),
            practice: site(),
            requested_at: at(NINE),
            cancelled_at: at(NINE),
        };
        assert!(!ToPharmacies::delivers(&recorded(1, "prescription.cancelled.v1", cancelled.into())));
        assert_eq!(
            ToPharmacies::contents(&prescription(medicine().into()), &Registration::Unregistered, at(NINE)),
            None
        );
    }
}
