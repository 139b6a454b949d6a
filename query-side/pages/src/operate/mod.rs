//! The pages for operators: the state of the system, and a page for each read model, on which it is rebuilt.

mod access;
mod chart;
mod figures;
mod read_model;
mod states;
mod system;

use axum::{
    Router,
    routing::{get, post},
};
use page_engine::Pages;

pub fn routes() -> Router<Pages> {
    Router::new()
        .route("/operate", get(system::page))
        .route("/operate/live", get(system::live))
        .route("/operate/read-models/{name}", get(read_model::page))
        .route("/operate/read-models/{name}/live", get(read_model::live))
        .route("/operate/read-models/{name}/rebuild", post(read_model::rebuild).get(read_model::lost))
}
