//! Vaccinations: the doses of a person and their passes, what they can have next, the booking of the next dose, and for staff that vaccinate
//! the record of a dose.

mod ask_pass;
mod book;
mod dose_card;
mod list;
mod record;
mod revoke_pass;
mod see_pass;
pub mod visit;
mod void;

use axum::{Router, routing::get};
use page_engine::Pages;

use crate::concerned::DESK;

/// For the patient and, below the address of a patient or of a visit, for the desk.
pub fn routes() -> Router<Pages> {
    let mut routes = book::routes();
    for base in ["", DESK] {
        let pass = format!("{base}/vaccinations/passes/{{pass}}");
        routes = routes
            .route(&format!("{base}/vaccinations"), get(list::page))
            .route(&format!("{base}/vaccinations/{{dose}}/pass"), get(ask_pass::page).post(ask_pass::issue))
            .route(&pass, get(see_pass::page))
            .route(&format!("{pass}/file"), get(see_pass::file))
            .route(&format!("{pass}/revoke"), get(revoke_pass::page).post(revoke_pass::revoke));
    }
    let visit = visit::VISIT;
    routes = routes.route(&format!("{visit}/vaccinations"), get(visit::page));
    for base in [DESK, visit] {
        routes = routes
            .route(&format!("{base}/vaccinations/new"), get(record::page).post(record::record))
            .route(&format!("{base}/vaccinations/{{dose}}/void"), get(void::page).post(void::void));
    }
    routes
}
