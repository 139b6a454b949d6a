//! Vaccinations: the doses of a person, what they can have next, and for staff that vaccinate the record of a dose.

mod list;
mod record;
mod void;

use axum::{Router, routing::get};
use page_engine::Pages;

use crate::concerned::DESK;

/// For the patient and, below the patient's address, for the desk.
pub fn routes() -> Router<Pages> {
    Router::new()
        .route("/vaccinations", get(list::page))
        .route(&format!("{DESK}/vaccinations"), get(list::page))
        .route(&format!("{DESK}/vaccinations/new"), get(record::page).post(record::record))
        .route(&format!("{DESK}/vaccinations/{{dose}}/void"), get(void::page).post(void::void))
}
