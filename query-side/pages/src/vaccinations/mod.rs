//! Vaccinations: the doses of a person and their passes, what they can have next, the booking of the next dose, and for staff that vaccinate
//! the record of a dose.

mod ask_pass;
mod book;
mod list;
mod record;
mod revoke_pass;
mod see_pass;
mod void;

use axum::{Router, routing::get};
use page_engine::Pages;

use crate::concerned::DESK;

/// For the patient and, below the patient's address, for the desk.
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
    routes
        .route(&format!("{DESK}/vaccinations/new"), get(record::page).post(record::record))
        .route(&format!("{DESK}/vaccinations/{{dose}}/void"), get(void::page).post(void::void))
}
