//! The engine of queries: it authenticates, reads parameters strictly, checks access, waits for the freshness that is asked
//! for, answers, and describes everything in `/openapi.json`. It knows no query: a service brings its own.

pub mod cloud_events;
pub mod context;
mod docs;
mod entry;
pub mod error;
pub mod openapi;
mod opener;
pub mod page;
pub mod parameters;
mod query;
mod route;
mod sources;

use std::sync::Arc;

use axum::{Json, Router, routing::get};
use event_core::{CommandDescription, Rejection, Timestamp, personal::SubjectKeyRing};
use event_log::Log;
use http_edge::{Gate, Tokens};
use projection_engine::Views;

/// What the queries read, and who admits to them.
#[derive(Clone)]
pub struct Queries {
    pub views: Views,
    /// The log that the views follow.
    pub log: Log,
    /// Opens what the command engine of this log seals.
    pub keys: Arc<dyn SubjectKeyRing>,
    pub gate: Arc<dyn Gate>,
    pub tokens: Tokens,
    pub queries: Vec<QueryEntry>,
    /// Described beside the queries.
    pub commands: Vec<CommandDescription>,
    /// What the API's description says of the API as a whole.
    pub about: About,
}

/// Every way in which queries say no by a rule, for `/problems`; some more than once.
pub fn rejections(queries: &[QueryEntry]) -> impl Iterator<Item = &'static Rejection> {
    queries.iter().flat_map(|entry| entry.rejections.iter().copied()).chain([&error::UNKNOWN_POSITION])
}

pub use context::QueryContext;
pub use entry::{QueryEntry, entry};
pub use error::QueryError;
pub use openapi::About;
pub use opener::{KEYS_WAIT_MAX, Opener};
pub use query::{Kind, Query};
pub use sources::Clock;

use sources::{QuerySources, Sources};

/// Every query, `/openapi.json` and `/docs`.
pub fn router(queries: Queries) -> Router {
    router_at(queries, Arc::new(|| Timestamp::from_jiff(jiff::Timestamp::now())))
}

/// The same, by another clock.
pub fn router_at(queries: Queries, clock: Clock) -> Router {
    let Queries { views, log, keys, gate, tokens, queries, commands, about } = queries;
    let document = Arc::new(openapi::document(&queries, &commands, &about));
    let sources = Sources(Arc::new(QuerySources { views, log, keys, gate, tokens, clock }));
    queries
        .iter()
        .fold(Router::new(), |router, entry| router.route(entry.path, (entry.route)()))
        .with_state(sources)
        .route("/openapi.json", get(move || async move { Json(document) }))
        .merge(docs::router())
}
