//! Repeat prescriptions: ordering and following them (patients), deciding requests (practices), and the work list of a
//! pharmacy.

mod cancel;
mod medicine_words;
mod order;
mod pharmacy;
mod queue;
mod reject;
mod see;
mod work;

use axum::{
    Router,
    routing::{get, post},
};
use page_engine::Pages;

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
        .route("/pharmacy", get(work::page))
        .route("/pharmacy/{patient}/{request}/report", post(work::report))
}
