//! The auditor's pages: the log, one event with what followed from it, and one stream. Personal fields are closed in all
//! of them.

mod changes;
mod event;
mod fields;
mod json;
mod log;
mod moment;
mod rows;
mod stream;
mod tree;

use axum::{Router, routing::get};
use page_engine::Pages;

pub fn routes() -> Router<Pages> {
    Router::new()
        .route("/audit", get(log::page))
        .route("/audit/events/{position}", get(event::page))
        .route("/audit/streams/{stream}", get(stream::page))
}
