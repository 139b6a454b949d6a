//! The parts of a running Frontdoor, opened and put together. Ports are opened by URL, here and nowhere else.

use anyhow::Context;
use axum::Router;
use command_engine::{Catalogue, Engine, EngineOptions, http::Tokens};
use event_log::{Log, LogOptions};
use projection_engine::{Model, Views, model};
use vocabulary::LogName;

use crate::{
    cli::Places,
    front::{self, Limits},
};

/// Everything that serves. Cheap to clone: every part is a handle.
#[derive(Clone)]
pub struct House {
    pub care: Log,
    pub access: Log,
    pub views: Views,
    pub engine: Engine,
    pub tokens: Tokens,
}

impl House {
    /// Opens the logs (which locks them against other processes) and the views, and starts to decide commands. Nothing
    /// follows yet: see `Views::run`.
    ///
    /// # Errors
    /// When a log or the views cannot be opened; what is open by then is closed by being dropped.
    pub async fn open(places: &Places, tokens: Tokens) -> anyhow::Result<House> {
        let log = async |name: LogName| {
            Log::open(&places.log_url, name, LogOptions::default())
                .await
                .with_context(|| format!("the log {name} cannot be opened"))
        };
        let (care, access) = (log(LogName::Care).await?, log(LogName::Access).await?);
        let views =
            Views::open(&places.views_url, care.clone(), models()).await.context("the views cannot be opened")?;
        let engine = Engine::start(care.clone(), Catalogue::of_the_house(), EngineOptions::default());
        Ok(House { care, access, views, engine, tokens })
    }

    /// Every public route, behind all that stands before it.
    pub fn router(&self, limits: Limits) -> Router {
        let explained = query_side::problems().into_iter().chain(front::explained());
        let commands = command_engine::http::router_explaining(self.engine.clone(), self.tokens.clone(), explained);
        let queries = query_side::router(query_side::Queries {
            views: self.views.clone(),
            log: self.care.clone(),
            engine: self.engine.clone(),
            tokens: self.tokens.clone(),
        });
        front::before(commands.merge(queries), limits)
    }

    /// Waits until every read model has reached what the log holds now. One that is stopped is not waited for: it serves,
    /// stale, and says so.
    pub async fn caught_up(&self) {
        let end = self.care.end();
        self.views.caught_up(end).await;
    }

    /// Writes what was submitted, and then refuses.
    pub async fn close(&self) {
        self.care.close().await;
        self.access.close().await;
    }
}

/// Every read model, as the views' own list has them.
pub fn models() -> Vec<Model> {
    struct Models(Vec<Model>);
    impl views::Visitor for Models {
        fn visit<P: views::Projection>(&mut self) {
            self.0.push(model::<P>());
        }
    }
    let mut models = Models(Vec::new());
    views::every_read_model(&mut models);
    models.0
}
