//! The pages of the health services: a folder for each service or desk, and in it a file for each page. A page holds no
//! rule and no SQL: a `GET` asks queries and a `POST` gives a command.

mod appointment_card;
mod appointments;
mod assets;
mod audit;
mod book;
mod check_symptoms;
mod concerned;
mod desk;
mod donation;
mod errors;
mod home;
mod layout;
mod licences;
mod messages;
mod operate;
mod prescriptions;
mod problem_page;
mod random_id;
mod refusal;
mod sign_in;
mod suggested_reason;
mod vaccinations;
mod waiting;
mod waiting_card;
mod words;

use axum::{Router, routing::get};
use page_engine::Pages;

pub use problem_page::error_page;

/// A new service is one line here. A new page is a line in its service's folder.
pub fn router(pages: Pages) -> Router {
    let routes = Router::new()
        .route("/", get(home::page))
        .route("/licences", get(licences::page))
        .route("/licences/notices", get(licences::notices))
        .merge(sign_in::routes())
        .merge(book::routes())
        .merge(appointments::routes())
        .merge(waiting::routes())
        .merge(desk::routes())
        .merge(donation::routes())
        .merge(check_symptoms::routes())
        .merge(vaccinations::routes())
        .merge(messages::routes())
        .merge(prescriptions::routes())
        .merge(operate::routes())
        .merge(audit::routes());
    page_engine::router(pages, routes, assets::ASSETS)
}
