//! Contact details and preferences, from the command to the answer.

use serde_json::json;

use crate::harness::{Harness, SITE, somebody_new, staff, themselves};

#[tokio::test]
async fn a_patient_and_their_practice_see_contact_details_and_preferences() {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    let (herself, path) = (themselves(alice, "P5"), format!("/patients/{alice}/contact"));
    let none = json!({"push": false, "sms": false, "email": false, "reminders": false, "researchOptOut": false});
    assert_eq!(harness.get(&herself, &path).await.json(), json!({"preferences": none}));
    let given = json!({"push": true, "sms": true, "email": false, "reminders": true, "researchOptOut": true});
    harness.give(&herself, "set-preferences", json!({"subject": alice, "preferences": given})).await;
    harness.give(&staff(SITE), "change-contact", json!({"subject": alice, "phone": "+447700900123"})).await;
    for caller in [herself, staff(SITE)] {
        let seen = harness.get(&caller, &path).await;
        assert_eq!(seen.header("cache-control"), Some("no-store"));
        let mut seen = seen.json();
        assert!(seen.as_object_mut().expect("an object").remove("changedAt").is_some());
        assert_eq!(seen, json!({"phone": "+447700900123", "preferences": given}));
    }
}
