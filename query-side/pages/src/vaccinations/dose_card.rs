//! A dose, as pages show it (`vaccinations.html`).

use queries::vaccinations::VaccinationDose;

use crate::{appointment_card::place, words};

/// A dose with its rows of facts, and the addresses of what the visitor can do with it.
pub struct DoseCard {
    pub title: String,
    pub void: Option<String>,
    pub is_recalled: bool,
    pub rows: Vec<(&'static str, String)>,
    pub to_pass: Option<String>,
    pub to_void: Option<String>,
}

impl DoseCard {
    pub fn of(dose: VaccinationDose, to_pass: Option<String>, to_void: Option<String>) -> DoseCard {
        let programme = dose.programme_title.unwrap_or_else(|| dose.given.programme.to_string());
        let mut rows = vec![
            ("Given on", words::day(dose.given.given_on)),
            ("At", place(&dose.site)),
            ("Vaccine", dose.vaccine_name.unwrap_or_else(|| dose.given.vaccine.to_string())),
            ("Lot", dose.given.lot.to_string()),
        ];
        rows.extend(dose.given_by.map(|by| ("Given by", by.as_str().to_owned())));
        rows.extend(dose.correction.map(|reason| ("Corrected", reason.as_str().to_owned())));
        let void = dose.voided_at.map(|at| {
            let reason = dose.void_reason.map(|reason| reason.as_str().to_owned()).unwrap_or_default();
            format!("This record does not count since {}. {reason}", words::date(at))
        });
        let title = format!("{programme}, dose {}", dose.given.number);
        DoseCard { title, void, is_recalled: dose.is_recalled, rows, to_pass, to_void }
    }
}
