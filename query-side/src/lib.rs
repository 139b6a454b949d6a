//! The query side: what can be seen, by whom, and how fresh it is. Each query is a file in `queries`; here they are
//! put together with the gate, the views and the log. It decides nothing, writes nothing, and holds no SQL.

mod ask;
mod cloud_events;
mod docs;
mod openapi;
mod page;
mod parameters;
mod queries;
mod query;
mod refusal;
mod route;

use std::sync::Arc;

use axum::{Json, Router, extract::FromRef, routing::get};
use event_core::{CommandDescription, Rejection, Timestamp};
use event_log::Log;
use http_edge::{Gate, Tokens};
use projection_engine::Views;

/// What the queries read, and who admits to them.
#[derive(Clone)]
pub struct Queries {
    pub views: Views,
    /// The log `care`: its end, and its events for auditors.
    pub log: Log,
    pub gate: Arc<dyn Gate>,
    pub tokens: Tokens,
    /// Described beside the queries.
    pub commands: Vec<CommandDescription>,
}

/// Every way in which queries say no by a rule, for `/problems`; some more than once.
pub fn rejections() -> impl Iterator<Item = &'static Rejection> {
    queries::all().into_iter().flat_map(|entry| entry.rejections).copied().chain([&refusal::UNKNOWN_POSITION])
}

/// Tells the time by which a slot lies in the future and a hold has expired.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Shared, because axum clones it several times for each request.
#[derive(Clone)]
pub(crate) struct Sources(Arc<Shared>);

pub(crate) struct Shared {
    pub views: Views,
    pub log: Log,
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
    let Queries { views, log, gate, tokens, commands } = queries;
    let all = queries::all();
    let document = Arc::new(openapi::document(&all, &commands));
    let sources = Sources(Arc::new(Shared { views, log, gate, tokens, clock }));
    all.iter()
        .fold(Router::new(), |router, entry| router.route(entry.path, (entry.route)()))
        .with_state(sources)
        .route("/openapi.json", get(move || async move { Json(document) }))
        .merge(docs::router())
}
