//! The parts that a query reads from.

use std::sync::Arc;

use axum::extract::FromRef;
use event_core::{Timestamp, personal::SubjectKeyRing};
use event_log::Log;
use http_edge::{Gate, Tokens};
use projection_engine::Views;

/// The time of a query.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Shared, because axum clones it several times for each request.
#[derive(Clone)]
pub(crate) struct Sources(pub Arc<QuerySources>);

pub(crate) struct QuerySources {
    pub views: Views,
    pub log: Log,
    pub keys: Arc<dyn SubjectKeyRing>,
    pub gate: Arc<dyn Gate>,
    pub tokens: Tokens,
    pub clock: Clock,
}

impl std::ops::Deref for Sources {
    type Target = QuerySources;

    fn deref(&self) -> &QuerySources {
        &self.0
    }
}

impl FromRef<Sources> for Tokens {
    fn from_ref(sources: &Sources) -> Tokens {
        sources.tokens.clone()
    }
}
