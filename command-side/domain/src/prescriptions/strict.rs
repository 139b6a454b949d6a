//! The strict form of a type that events also contain: commands reject unknown fields, and events tolerate them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::prescriptions::{DoseText, Medicine, MedicineCode, MedicineName, QuantityText};

/// A medicine, its dose and quantity.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Medicine", rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "MedicineInput")]
pub struct StrictMedicine {
    /// The code in the dictionary of medicines and devices (dm+d).
    pub code: MedicineCode,
    /// The name with strength and form: `Atorvastatin 20mg tablets`.
    pub name: MedicineName,
    /// The dose as on the label: `One tablet to be taken each evening`.
    pub dose: DoseText,
    /// The quantity of one issue: `28 tablets`.
    pub quantity: QuantityText,
}

#[cfg(test)]
mod specs {
    use serde_json::{Value, json};

    use crate::{prescriptions::AuthoriseRepeat, spec::refuses};

    #[test]
    fn a_medicine_with_an_unknown_member_is_refused_rather_than_ignored() {
        let plan = |medicine: Value| {
            json!({"patient": "a11ce000-0000-4000-8000-000000000001", "practice": "A12345", "plan": "000000000001",
                "medicine": medicine, "supplyDays": 28, "issues": 6, "reviewOn": "2026-12-31"})
        };
        let mut medicine = json!({"code": "39113611000001102", "name": "x", "dose": "y", "quantity": "z"});
        assert!(!refuses::<AuthoriseRepeat>(plan(medicine.clone())));
        medicine["strength"] = json!("20mg");
        assert!(refuses::<AuthoriseRepeat>(plan(medicine)));
    }
}
