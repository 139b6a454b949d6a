//! The engine of queries: it authenticates, reads parameters strictly, checks access, waits for the freshness that is asked
//! for, answers, and describes everything in `/openapi.json`. It knows no query: a service brings its own.

pub mod cloud_events;
pub mod context;
mod docs;
pub mod error;
pub mod openapi;
mod opener;
pub mod page;
pub mod parameters;
mod query;
mod route;

use std::sync::Arc;

use axum::{Json, Router, extract::FromRef, routing::get};
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
    pub queries: Vec<Entry>,
    /// Described beside the queries.
    pub commands: Vec<CommandDescription>,
    /// What the API's description says of the API as a whole.
    pub about: About,
}

/// Every way in which queries say no by a rule, for `/problems`; some more than once.
pub fn rejections(queries: &[Entry]) -> impl Iterator<Item = &'static Rejection> {
    queries.iter().flat_map(|entry| entry.rejections.iter().copied()).chain([&error::UNKNOWN_POSITION])
}

pub use context::QueryContext;
pub use error::QueryError;
pub use openapi::About;
pub use opener::{KEYS_WAIT_MAX, Opener};
pub use query::{Entry, Kind, Query, entry};

/// The time of a query.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Shared, because axum clones it several times for each request.
#[derive(Clone)]
pub(crate) struct Sources(Arc<Shared>);

pub(crate) struct Shared {
    pub views: Views,
    pub log: Log,
    pub keys: Arc<dyn SubjectKeyRing>,
    pub gate: Arc<dyn Gate>,
    pub tokens: Tokens,
    pub clock: Clock,
}

impl std::ops::Deref for Sources {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<Sources> for Tokens {
    fn from_ref(sources: &Sources) -> Tokens {
        sources.tokens.clone()
    }
}

/// Every query, `/openapi.json` and `/docs`.
pub fn router(queries: Queries) -> Router {
    router_at(queries, Arc::new(|| Timestamp::from_jiff(jiff::Timestamp::now())))
}

/// The same, by another clock.
pub fn router_at(queries: Queries, clock: Clock) -> Router {
    let Queries { views, log, keys, gate, tokens, queries, commands, about } = queries;
    let document = Arc::new(openapi::document(&queries, &commands, &about));
    let sources = Sources(Arc::new(Shared { views, log, keys, gate, tokens, clock }));
    queries
        .iter()
        .fold(Router::new(), |router, entry| router.route(entry.path, (entry.route)()))
        .with_state(sources)
        .route("/openapi.json", get(move || async move { Json(document) }))
        .merge(docs::router())
}
