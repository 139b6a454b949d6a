//! The desk of a practice: its day, its waiting list, its patients, its messages to them, its clinic sessions and its settings.

mod amend;
mod attendance;
mod bookings;
mod chosen_day;
mod clinic;
mod clocks;
mod day;
mod day_slots;
mod extend;
mod overlap;
mod patient;
mod patients;
mod practice;
mod publish;
mod sent_messages;
mod session_day;
mod session_form;
mod sessions;
mod settings;
mod waiting_list;
mod withdraw;
mod write_message;

use axum::{
    Router,
    routing::{get, post},
};
use page_engine::Pages;

pub use practice::practice_of;

use crate::concerned::DESK;

pub fn routes() -> Router<Pages> {
    Router::new()
        .route("/desk/days", get(day::chosen))
        .route("/desk/days/{date}", get(day::page))
        .route("/desk/days/{date}/live", get(day::live))
        .route("/desk/days/{date}/attendance", post(attendance::note))
        .route("/desk/waiting", get(waiting_list::page))
        .route("/desk/waiting/live", get(waiting_list::live))
        .route("/desk/patients", get(patients::page))
        .route(DESK, get(patient::page))
        .route(&format!("{DESK}/messages/new"), get(write_message::page).post(write_message::send))
        .route("/desk/messages", get(sent_messages::page))
        .route("/desk/sessions", get(sessions::page))
        .route("/desk/sessions/new", get(publish::page).post(publish::preview))
        .route("/desk/sessions/new/check", get(publish::check).post(publish::confirm))
        .route("/desk/sessions/{session}/withdraw", get(withdraw::page).post(withdraw::withdraw))
        .route("/desk/sessions/{session}/extend", get(extend::page).post(extend::extend))
        .route("/desk/sessions/{session}/change", get(amend::page).post(amend::preview))
        .route("/desk/sessions/{session}/change/check", get(amend::check).post(amend::confirm))
        .route("/desk/settings", get(settings::page).post(settings::change))
}
