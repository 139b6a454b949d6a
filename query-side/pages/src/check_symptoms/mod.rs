//! Checking symptoms: the choice of a pathway, the person with the symptoms, one question a page, and the advice with the ways
//! onward. For the patient only: the desk has no access to it.

mod advice;
mod answer_form;
mod answer_line;
mod booking;
mod change;
mod check;
mod overview;
mod pathway;
mod person;

use axum::{Router, routing::get};
use page_engine::Pages;

pub fn routes() -> Router<Pages> {
    Router::new()
        .route("/check-symptoms", get(overview::page))
        .route("/check-symptoms/start", get(pathway::page).post(pathway::choose))
        .route("/check-symptoms/person", get(person::page).post(person::start))
        .route("/check-symptoms/{number}", get(check::page).post(check::answer))
        .route("/check-symptoms/{number}/answers/{place}", get(change::page).post(change::change))
        .route("/check-symptoms/{number}/leave", get(check::page).post(check::leave))
        .route("/check-symptoms/{number}/resume", get(check::page).post(check::resume))
        .route("/check-symptoms/{number}/book", get(check::page).post(booking::book))
}
