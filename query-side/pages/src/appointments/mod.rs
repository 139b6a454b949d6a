//! A person's appointments: the list, one of them, and what can be changed.

mod calendar;
mod cancel;
mod list;
mod move_time;
mod reason;
mod see;

use axum::{Router, routing::get};
use page_engine::Pages;

use crate::concerned::DESK;

/// For the patient and, below the patient's address, for the desk.
pub fn routes() -> Router<Pages> {
    ["", DESK].into_iter().fold(Router::new(), |routes, base| {
        let one = format!("{base}/appointments/{{session}}/{{at}}");
        routes
            .route(&format!("{base}/appointments"), get(list::page))
            .route(&one, get(see::page))
            .route(&format!("{one}/calendar.ics"), get(calendar::file))
            .route(&format!("{one}/cancel"), get(cancel::page).post(cancel::cancel))
            .route(&format!("{one}/reason"), get(reason::page).post(reason::amend))
            .route(&format!("{one}/move"), get(move_time::days))
            .route(&format!("{one}/move/times"), get(move_time::times))
            .route(&format!("{one}/move/check"), get(move_time::check).post(move_time::confirm))
    })
}
