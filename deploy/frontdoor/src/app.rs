//! The parts of a running Frontdoor, opened and put together. Ports are opened by URL, here and nowhere else.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use command_engine::{Catalogue, Engine, EngineOptions};
use event_core::LogName;
use event_kafka::{Address, FromKafka, Relay};
use event_log::{Log, LogOptions};
use http_edge::{
    Tokens,
    middleware::{self, Limits},
    problem_catalogue,
};
use projection_engine::{ModelStatus, Views, models};
use query_engine::Queries;
use uuid::Uuid;

use crate::{
    cli::{Places, Role, Roles},
    history,
};

/// Everything that serves. Cheap to clone: every part is a handle.
#[derive(Clone)]
pub struct App {
    pub care: Log,
    pub access: Log,
    /// Absent where the process neither follows nor asks.
    pub views: Option<Views>,
    pub engine: Engine,
    pub tokens: Tokens,
    pub roles: Roles,
    /// One for each log, where the process relays.
    pub relays: Arc<[Relay]>,
}

impl App {
    /// Opens the logs and the views (which locks them against other processes where they are in SQLite), and starts to
    /// decide commands. Nothing follows or relays yet: see `Views::run`, `Relay::run`.
    ///
    /// # Errors
    /// When a log or the views cannot be opened; what is open by then is closed by being dropped.
    pub async fn open(places: &Places, tokens: Tokens) -> anyhow::Result<App> {
        let log = async |name: LogName| {
            let options = LogOptions { remember: places.remember, ..LogOptions::default() };
            Log::open(places.log_url.exposed(), name, options)
                .await
                .with_context(|| format!("the log {name} cannot be opened"))
        };
        history::has_care(&places.log_url, &places.views_url)?;
        let care = log(LogName::Care).await?;
        history::has_access(&places.log_url, &care)?;
        let access = log(LogName::Access).await?;
        let roles = places.roles.clone();
        let views = if roles.has(Role::Projections) || roles.has(Role::Query) {
            let views = Views::open(
                places.views_url.exposed(),
                care.clone(),
                vocabulary::SERVICES,
                models(views::every_read_model),
            )
            .await;
            let views = views.context("the views cannot be opened")?;
            Some(match &places.feed {
                Some(address) => views.fed_by(Arc::new(FromKafka::new(care.clone(), address.clone()))),
                None => views,
            })
        } else {
            None
        };
        let owner = format!("{}-{}", std::process::id(), Uuid::now_v7().simple());
        let relay =
            |address: Address| [&care, &access].map(|log| Relay::new(log.clone(), address.clone(), owner.clone()));
        let relays = places.feed.clone().filter(|_| roles.has(Role::Relay)).map(relay);
        let relays = relays.into_iter().flatten().collect();
        let engine = Engine::start(care.clone(), Catalogue::of(domain::every_command), EngineOptions::default());
        Ok(App { care, access, views, engine, tokens, roles, relays })
    }

    /// Every public route of this process's roles, behind all that stands before it.
    pub fn router(&self, limits: Limits) -> Router {
        let queries = queries::all();
        let rejections = self.engine.catalogue().rejections().chain(query_engine::rejections(&queries));
        let mut routes = problem_catalogue::router(rejections);
        if self.roles.has(Role::Command) {
            routes = routes.merge(command_engine::http::router(self.engine.clone(), self.tokens.clone()));
        }
        if let Some(views) = self.views.clone().filter(|_| self.roles.has(Role::Query)) {
            let (log, tokens) = (self.care.clone(), self.tokens.clone());
            let gate = Arc::new(self.engine.clone());
            let commands = self.engine.catalogue().descriptions().cloned().collect();
            routes = routes.merge(query_engine::router(Queries {
                views,
                log,
                gate,
                tokens,
                queries,
                commands,
                about: queries::ABOUT,
            }));
        }
        middleware::public(routes, limits, self.tokens.clone())
    }

    /// Waits until every read model has reached what the log holds now. One that is stopped is not waited for: it serves,
    /// stale, and says so.
    pub async fn caught_up(&self) {
        let end = self.care.end();
        if let Some(views) = &self.views {
            views.caught_up(end).await;
        }
    }

    /// How each read model is; none where the process has nothing to do with views.
    pub fn views_status(&self) -> Vec<ModelStatus> {
        self.views.as_ref().map(Views::status).unwrap_or_default()
    }

    /// Writes what was submitted, and then refuses.
    pub async fn close(&self) {
        self.care.close().await;
        self.access.close().await;
    }
}
