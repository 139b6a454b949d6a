//! Carers, from the command to the list.

use serde_json::json;

use crate::harness::{Harness, SITE, somebody_new, staff, themselves};

#[tokio::test]
async fn a_patient_names_and_removes_a_carer() {
    let harness = Harness::new().await;
    let alice = somebody_new();
    harness.open_practice(SITE).await;
    harness.register(alice, SITE).await;
    let (herself, path) = (themselves(alice, "P9"), format!("/patients/{alice}/carers"));
    let register =
        |carer: &str, name: &str| json!({"subject": alice, "carer": carer, "name": name, "relationship": "neighbour"});
    harness.give(&herself, "register-carer", register("000000000001", "Sam Example")).await;
    harness.give(&staff(SITE), "register-carer", register("000000000002", "Robin Example")).await;
    let names = async || {
        let items = harness.get(&herself, &path).await.items();
        items.into_iter().map(|carer| carer["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["Sam Example", "Robin Example"]);
    harness.give(&herself, "remove-carer", json!({"subject": alice, "carer": "000000000001"})).await;
    assert_eq!(names().await, ["Robin Example"]);
}
