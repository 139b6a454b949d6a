//! Checking symptoms: the choice of a pathway, the person with the symptoms, one question a page, and the advice with the ways
//! onward. For patients and for visitors without an account. Signing in lets these keep a check. The desk has no access.

mod advice;
mod answer_form;
mod answer_line;
mod booking;
mod change;
mod check;
mod checker;
mod claimable;
mod keep;
mod overview;
mod pathway;
mod person;
mod visit_limit;
mod without_account;

use std::sync::Arc;

use axum::{Extension, Router, routing::get};
use page_engine::Pages;

pub use claimable::CLAIMABLE_DRAFT;
pub use keep::KEEP;
use visit_limit::VisitLimit;

pub fn routes() -> Router<Pages> {
    Router::new()
        .route("/check-symptoms", get(overview::page))
        .route("/check-symptoms/without-account", get(overview::page).post(without_account::begin))
        .route(KEEP, get(keep::page).post(keep::keep))
        .route("/check-symptoms/discard", get(keep::page).post(keep::discard))
        .route("/check-symptoms/start", get(pathway::page).post(pathway::choose))
        .route("/check-symptoms/person", get(person::page).post(person::start))
        .route("/check-symptoms/{number}", get(check::page).post(check::answer))
        .route("/check-symptoms/{number}/answers/{place}", get(change::page).post(change::change))
        .route("/check-symptoms/{number}/leave", get(check::page).post(check::leave))
        .route("/check-symptoms/{number}/resume", get(check::page).post(check::resume))
        .route("/check-symptoms/{number}/book", get(check::page).post(booking::book))
        .layer(Extension(Arc::new(VisitLimit::default())))
}
