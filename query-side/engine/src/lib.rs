//! The engine of queries: it authenticates, reads parameters strictly, checks access, waits for the requested
//! freshness, answers, and describes everything in `/openapi.json`. It contains no query: services bring their own.

pub mod cloud_events;
pub mod context;
mod docs;
mod entry;
pub mod error;
pub mod openapi;
mod opener;
pub mod page;
pub mod parameters;
mod port;
mod query;
mod route;
mod service_values;
mod sources;

use std::sync::Arc;

use axum::{Json, Router, routing::get};
use event_core::{CommandDescription, Rejection};
use http_edge::Tokens;

/// The queries of an application, and what their routes need.
#[derive(Clone)]
pub struct Queries {
    pub port: QueryPort,
    pub tokens: Tokens,
    pub queries: Vec<QueryEntry>,
    /// The commands that are described together with the queries.
    pub commands: Vec<CommandDescription>,
    /// The description of the API as a whole.
    pub about: About,
}

/// Every rejection that the queries can give, for `/problems`; some occur more than once.
pub fn rejections(queries: &[QueryEntry]) -> impl Iterator<Item = &'static Rejection> {
    queries.iter().flat_map(|entry| entry.rejections.iter().copied()).chain([&error::UNKNOWN_POSITION])
}

pub use context::QueryContext;
pub use entry::{QueryEntry, entry};
pub use error::QueryError;
pub use openapi::About;
pub use opener::{KEYS_WAIT_MAX, Opener};
pub use port::{Asked, QueryPort};
pub use query::{Kind, Query};
pub use service_values::ServiceValues;
pub use sources::{Clock, QuerySources};

use route::QueryRoute;

/// Every query, `/openapi.json` and `/docs`.
pub fn router(queries: Queries) -> Router {
    let Queries { port, tokens, queries, commands, about } = queries;
    let document = Arc::new(openapi::document(&queries, &commands, &about));
    queries
        .iter()
        .fold(Router::new(), |router, entry| router.route(entry.path, (entry.route)()))
        .with_state(QueryRoute { port, tokens })
        .route("/openapi.json", get(move || async move { Json(document) }))
        .merge(docs::router())
}
