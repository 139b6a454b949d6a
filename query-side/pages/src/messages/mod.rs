//! Messages: a patient's inbox, one message with the reply, and the contact details and preferences. The desk uses the
//! page of a message, too.

mod contact;
mod inbox;
mod see;
mod words;

use axum::{
    Router,
    routing::{get, post},
};
use page_engine::Pages;

use crate::concerned::DESK;

pub use words::{reply_words, unread_words};

pub fn routes() -> Router<Pages> {
    Router::new()
        .route("/messages", get(inbox::page))
        .route("/messages/{message}", get(see::page).post(see::reply))
        .route("/messages/{message}/open", post(inbox::open))
        .route(&format!("{DESK}/messages/{{message}}"), get(see::page))
        .route("/contact", get(contact::page).post(contact::save))
}
