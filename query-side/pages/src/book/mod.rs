//! Booking an appointment, one question a page: kind of appointment, day, time (which is then held), details, check.

mod check;
mod days;
mod details;
mod kind;
mod times;

pub use check::limit_reached;
pub use days::days_with_room;
pub use kind::{BookableKind, site, site_name};
pub use times::{PartOfDay, chosen, is_about_time, parts_of_day, refused_time};

use axum::{Router, routing::get};
use page_engine::Pages;

use crate::concerned::DESK;

/// For the patient and, below the patient's address, for the desk.
pub fn routes() -> Router<Pages> {
    ["", DESK].into_iter().fold(Router::new(), |routes, base| {
        routes
            .route(&format!("{base}/book"), get(kind::page))
            .route(&format!("{base}/book/days"), get(days::page))
            .route(&format!("{base}/book/times"), get(times::page).post(times::hold))
            .route(&format!("{base}/book/times/live"), get(times::live))
            .route(&format!("{base}/book/details"), get(details::page).post(details::keep))
            .route(&format!("{base}/book/release"), get(details::page).post(details::choose_again))
            .route(&format!("{base}/book/check"), get(check::page).post(check::confirm))
    })
}
