//! Booking a vaccination, one step a page: the programme, its questions, the site, the day, the time, the check. The answers to the
//! questions are health data, so they are kept as a draft and are in no address.

mod answers;
mod check;
mod days;
mod programme_list;
mod questions;
mod sites;
mod steps;
mod times;

use axum::{Router, routing::get};
use page_engine::Pages;

use crate::concerned::DESK;

/// For the patient and, below the patient's address, for the desk.
pub fn routes() -> Router<Pages> {
    ["", DESK].into_iter().fold(Router::new(), |routes, base| {
        let book = format!("{base}/vaccinations/book");
        routes
            .route(&book, get(programme_list::page))
            .route(&format!("{book}/{{programme}}"), get(questions::page).post(questions::keep))
            .route(&format!("{book}/{{programme}}/sites"), get(sites::page))
            .route(&format!("{book}/{{programme}}/days"), get(days::page))
            .route(&format!("{book}/{{programme}}/times"), get(times::page))
            .route(&format!("{book}/{{programme}}/check"), get(check::page).post(check::confirm))
    })
}
