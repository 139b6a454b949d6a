//! Waiting for a time that becomes free: joining, what a person waits for, a time that is offered, leaving.

mod join;
mod leave;
mod list;
mod offer;

use axum::{
    Router,
    routing::{get, post},
};
use page_engine::Pages;

use crate::concerned::DESK;

/// For the patient and, below the patient's address, for the desk.
pub fn routes() -> Router<Pages> {
    ["", DESK].into_iter().fold(Router::new(), |routes, base| {
        let offer = format!("{base}/waiting/offers/{{session}}/{{at}}");
        routes
            .route(&format!("{base}/waiting"), get(list::page))
            .route(&format!("{base}/waiting/live"), get(list::live))
            .route(&format!("{base}/waiting/join"), get(join::page).post(join::join))
            .route(&format!("{base}/waiting/leave/{{site}}/{{month}}"), get(leave::page).post(leave::leave))
            .route(&offer, get(offer::page).post(offer::accept))
            .route(&format!("{offer}/decline"), post(offer::decline))
    })
}
