//! Organ donation: the decision that stands, registering and changing it (one question a page), withdrawing it, and the
//! declaration about faith. For the patient only: the desk has no access to it.

mod check;
mod choice;
mod decision;
mod faith;
mod history;
mod organs;
mod representatives;
mod see;
mod withdraw;

use axum::{Router, routing::get};
use page_engine::Pages;

pub fn routes() -> Router<Pages> {
    Router::new()
        .route("/donation", get(see::page))
        .route("/donation/history", get(history::page))
        .route("/donation/register", get(choice::page).post(choice::choose))
        .route("/donation/register/organs", get(organs::page).post(organs::choose))
        .route("/donation/register/representatives", get(representatives::page).post(representatives::name))
        .route("/donation/register/check", get(check::page).post(check::confirm))
        .route("/donation/withdraw", get(withdraw::page).post(withdraw::withdraw))
        .route("/donation/faith", get(faith::page).post(faith::declare))
}
