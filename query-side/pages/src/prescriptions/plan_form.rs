//! The fields of a repeat plan: as they were typed, and as the medicine and its limits.

use domain::prescriptions::{
    authorise_repeat::{ISSUES_MAX, SUPPLY_DAYS_MAX},
    rejections::PLAN_INVALID,
};
use event_core::{LocalDate, strictness::strictly};
use http_edge::Problem;
use page_engine::PostedForm;
use queries::prescriptions::RepeatMedicine;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vocabulary::prescriptions::{DoseText, Medicine, MedicineCode, MedicineName, QuantityText};

use crate::{errors::FieldFaults, words};

/// The fault of a rule about the plan as a whole stands at the element with this id.
pub const WHOLE: &str = "plan";

/// The fields as they were typed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct PlanForm {
    pub code: String,
    pub name: String,
    pub dose: String,
    pub quantity: String,
    pub days: String,
    pub issues: String,
    pub review: String,
}

/// The content of the fields. The issues are absent if their field was left empty.
pub struct TypedPlan {
    pub medicine: Medicine,
    pub supply_days: u16,
    pub issues: Option<u16>,
    pub review_on: LocalDate,
}

impl PlanForm {
    pub fn posted(form: &PostedForm) -> PlanForm {
        let text = |name| form.text(name).to_owned();
        PlanForm {
            code: text("code"),
            name: text("name"),
            dose: text("dose"),
            quantity: text("quantity"),
            days: text("days"),
            issues: text("issues"),
            review: text("review"),
        }
    }

    /// The plan as it is, with no issues to authorise; `None` if the patient's data was erased.
    pub fn of(plan: &RepeatMedicine) -> Option<PlanForm> {
        let medicine = plan.medicine.as_ref()?;
        Some(PlanForm {
            code: medicine.code.to_string(),
            name: medicine.name.as_str().to_owned(),
            dose: medicine.dose.as_str().to_owned(),
            quantity: medicine.quantity.as_str().to_owned(),
            days: plan.supply_days.to_string(),
            issues: String::new(),
            review: plan.review_on.to_string(),
        })
    }

    /// # Errors
    /// The faults of fields that do not read.
    pub fn read(&self) -> Result<TypedPlan, FieldFaults> {
        let mut faults = FieldFaults::none();
        let code: Result<MedicineCode, _> = strictly(|| self.code.parse());
        let code = faults.read("code", code.map_err(|_| "Enter the code of 6 to 18 digits, like 39113611000001102"));
        let name: Result<MedicineName, _> = strictly(|| self.name.parse());
        let name = faults.read("name", name.map_err(|_| text_fault("the name", MedicineName::CHARACTERS_MAX)));
        let dose: Result<DoseText, _> = strictly(|| self.dose.parse());
        let dose = faults.read("dose", dose.map_err(|_| text_fault("the dose", DoseText::CHARACTERS_MAX)));
        let quantity: Result<QuantityText, _> = strictly(|| self.quantity.parse());
        let quantity =
            faults.read("quantity", quantity.map_err(|_| text_fault("the quantity", QuantityText::CHARACTERS_MAX)));
        let days = faults.read("days", number(&self.days, SUPPLY_DAYS_MAX));
        let issues = match self.issues.as_str() {
            "" => Some(None),
            text => faults.read("issues", number(text, ISSUES_MAX)).map(Some),
        };
        let review = faults.read("review", self.review.parse().map_err(|_| "Enter a date, like 2027-05-26"));
        match (code, name, dose, quantity, days, issues, review) {
            (Some(code), Some(name), Some(dose), Some(quantity), Some(supply_days), Some(issues), Some(review_on)) => {
                Ok(TypedPlan { medicine: Medicine { code, name, dose, quantity }, supply_days, issues, review_on })
            }
            _ => Err(faults),
        }
    }
}

fn text_fault(what: &str, characters_max: usize) -> String {
    format!("Enter {what} in 1 to {characters_max} visible characters")
}

fn number(text: &str, most: u16) -> Result<u16, String> {
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("Enter a whole number from 1 to {most}"))
}

/// The fault of a plan that the rule refused, as a sentence of its form.
pub fn refused(problem: &Problem) -> Option<FieldFaults> {
    let why = problem.member("why").and_then(Value::as_str).filter(|_| problem.code() == PLAN_INVALID.code)?;
    Some(FieldFaults::one(WHOLE, words::sentence(why)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> PlanForm {
        let text = str::to_owned;
        PlanForm {
            code: text("39113611000001102"),
            name: text("Atorvastatin 20mg tablets"),
            dose: text("One tablet to be taken each evening"),
            quantity: text("28 tablets"),
            days: text("28"),
            issues: text("6"),
            review: text("2027-05-26"),
        }
    }

    #[test]
    fn a_form_becomes_a_plan_and_issues_may_be_left_out() {
        let plan = typed().read().map_err(|_| "it has faults").expect("it reads");
        assert_eq!((plan.supply_days, plan.issues, plan.medicine.quantity.as_str()), (28, Some(6), "28 tablets"));
        let kept = PlanForm { issues: String::new(), ..typed() };
        assert_eq!(kept.read().map_err(|_| "it has faults").expect("it reads").issues, None);
    }

    #[test]
    fn each_field_that_does_not_read_is_a_fault() {
        let wrong = PlanForm { days: "0".into(), issues: "100".into(), ..PlanForm::default() };
        let Err(faults) = wrong.read() else { panic!("it reads") };
        let fields: Vec<_> = faults.list().iter().map(|fault| fault.name()).collect();
        assert_eq!(fields, ["code", "name", "dose", "quantity", "days", "issues", "review"]);
        assert_eq!(faults.of("issues"), Some("Enter a whole number from 1 to 99"));
    }

    #[test]
    fn a_refusal_of_the_rule_is_a_sentence_about_the_plan() {
        let problem = Problem::from(PLAN_INVALID.with("why", "an issue lasts 1 to 366 days"));
        assert_eq!(
            refused(&problem).as_ref().and_then(|faults| faults.of(WHOLE)),
            Some("An issue lasts 1 to 366 days")
        );
    }
}
