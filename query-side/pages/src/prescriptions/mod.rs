//! Repeat prescriptions: ordering and following them (patients), authorising medicines and deciding requests
//! (practices), and the work list of a pharmacy.

mod authorise;
mod cancel;
mod change;
mod medicine_words;
mod order;
mod pharmacy;
mod plan_cards;
mod plan_form;
mod queue;
mod reject;
mod see;
mod stop;
mod work;

use axum::{
    Router,
    routing::{get, post},
};
use page_engine::Pages;

pub use plan_cards::PlanCards;

use crate::concerned::DESK;

pub fn routes() -> Router<Pages> {
    Router::new()
        .route("/prescriptions", get(see::page))
        .route("/prescriptions/order", get(order::page).post(order::order))
        .route("/prescriptions/pharmacy", get(pharmacy::page).post(pharmacy::nominate))
        .route("/prescriptions/pharmacy/clear", post(pharmacy::clear))
        .route("/prescriptions/requests/{request}/cancel", get(cancel::page).post(cancel::cancel))
        .route("/desk/prescriptions", get(queue::page))
        .route("/desk/prescriptions/{patient}/{request}/approve", post(queue::approve))
        .route("/desk/prescriptions/{patient}/{request}/reject", get(reject::page).post(reject::reject))
        .route(&format!("{DESK}/repeats/new"), get(authorise::page).post(authorise::preview))
        .route(&format!("{DESK}/repeats/new/check"), get(authorise::check).post(authorise::confirm))
        .route(&format!("{DESK}/repeats/{{plan}}/change"), get(change::page).post(change::change))
        .route(&format!("{DESK}/repeats/{{plan}}/stop"), get(stop::page).post(stop::stop))
        .route("/pharmacy", get(work::page))
        .route("/pharmacy/{patient}/{request}/report", post(work::report))
}
