//! The parts of a running Frontdoor, opened and connected. This is the only place that opens ports by URL.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use command_engine::{Engine, EngineOptions};
use event_core::{
    LogName,
    personal::{SubjectKeyRing, Unsealed},
};
use event_kafka::{Address, FromKafka, Relay};
use event_log::{Log, LogOptions, feed::Feeds};
use http_edge::{
    Tokens,
    middleware::{self, Limits, PageEdge},
};
use page_engine::{DemoPerson, Operations, PageSources, Pages};
use policy_engine::{Policies, PolicyOptions};
use projection_engine::{ModelStatus, Views};
use query_engine::{Queries, QueryPort, QuerySources, ServiceValues};
use sign_ins::SignIns;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Application, history,
    options::Places,
    parts::{Part, Stage},
    receivers::HttpReceivers,
    roles::{Role, Roles},
};

/// The components that serve requests. Cheap to clone: every part is a handle.
#[derive(Clone)]
pub struct App {
    pub application: &'static Application,
    pub care: Log,
    pub access: Log,
    /// Absent if the process neither follows nor queries.
    pub views: Option<Views>,
    pub engine: Engine,
    /// Present if the process runs policies.
    pub policies: Option<Policies>,
    /// The keys of persons, for commands and queries alike.
    pub keys: Arc<dyn SubjectKeyRing>,
    pub tokens: Tokens,
    /// The values that queries need and that services read from their files. None after `open`.
    pub service_values: ServiceValues,
    pub roles: Roles,
    /// One for each log, if the process relays.
    pub relays: Arc<[Relay]>,
    /// Present if the process serves pages.
    pub sign_ins: Option<SignIns>,
    /// Ends the event streams of open pages, which would otherwise keep a process from ending.
    pub streams_stop: CancellationToken,
}

/// The content of pages that does not come from an app.
pub struct PageSetup {
    /// The invented people of a demonstration.
    pub people: Vec<DemoPerson>,
    pub operations: Arc<dyn Operations>,
}

impl App {
    /// Opens the logs and the views (in SQLite, this locks them against other processes), and starts to decide
    /// commands. This does not start to follow or relay: see `Views::run`, `Relay::run`.
    ///
    /// # Errors
    /// If a log or the views cannot be opened. Parts that are already open are closed by being dropped.
    pub async fn open(application: &'static Application, places: &Places, tokens: Tokens) -> anyhow::Result<App> {
        let log = async |name: LogName| {
            let options = LogOptions { remember: places.remember, ..LogOptions::default() };
            Log::open(places.log_url.exposed(), name, options)
                .await
                .with_context(|| format!("the log {name} cannot be opened"))
        };
        history::has_care(application.name, &places.log_url, &places.views_url)?;
        let care = log(LogName::Care).await?;
        history::has_access(application.name, &places.log_url, &care)?;
        let access = log(LogName::Access).await?;
        let roles = places.roles.clone();
        // One for read models and policies, which then share a consumer.
        let feeds: Arc<dyn Feeds> = match &places.feed {
            Some(address) => Arc::new(FromKafka::new(care.clone(), address.clone())),
            None => Arc::new(care.clone()),
        };
        let has_pages = roles.has(Role::Pages) && application.pages.is_some();
        let views = if roles.has(Role::Projections) || roles.has(Role::Query) || has_pages {
            let (url, models) = (places.views_url.exposed(), (application.read_models)());
            let views = Views::open(url, care.clone(), application.services, models).await;
            Some(views.context("the views cannot be opened")?.fed_by(Arc::clone(&feeds)))
        } else {
            None
        };
        let owner = format!("{}-{}", std::process::id(), Uuid::now_v7().simple());
        let relay =
            |address: Address| [&care, &access].map(|log| Relay::new(log.clone(), address.clone(), owner.clone()));
        let relays = places.feed.clone().filter(|_| roles.has(Role::Relay)).map(relay);
        let relays = relays.into_iter().flatten().collect();
        let keys: Arc<dyn SubjectKeyRing> = Arc::new(Unsealed);
        let options = EngineOptions { keys: Arc::clone(&keys), ..EngineOptions::default() };
        let clock = options.clock;
        let engine = Engine::start(care.clone(), (application.commands)(), options);
        let has_receiver = |name: &str| places.gateways.iter().any(|address| address.gateway == name);
        let mut entries = (application.policies)();
        entries.retain(|entry| !entry.is_gateway() || has_receiver(entry.name()));
        let policies = match roles.has(Role::Policies) && !entries.is_empty() {
            true => {
                let options = PolicyOptions {
                    engine: engine.clone(),
                    feeds,
                    owner: owner.clone(),
                    clock,
                    keys: Arc::clone(&keys),
                    receiver: Arc::new(HttpReceivers::at(
                        places.gateways.clone(),
                        places.gateway_authority.as_deref(),
                    )?),
                };
                let url = places.log_url.exposed();
                let opened = Policies::open(url, care.clone(), application.services, entries, options).await;
                Some(opened.context("the policies cannot be opened")?)
            }
            false => None,
        };
        let sign_ins = match has_pages {
            true => {
                let opened = SignIns::open(places.views_url.exposed()).await;
                Some(opened.context("the sign-ins cannot be opened")?)
            }
            false => None,
        };
        let streams_stop = CancellationToken::new();
        Ok(App {
            application,
            care,
            access,
            views,
            engine,
            policies,
            keys,
            tokens,
            service_values: ServiceValues::default(),
            roles,
            relays,
            sign_ins,
            streams_stop,
        })
    }

    /// The parts of this process's roles, and the parts that monitor the tasks of its engines and stores.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts: Vec<Part> = [&self.care, &self.access]
            .map(|log| {
                let (name, log) = (log.name().as_str(), log.clone());
                // This part ends when the log is closed.
                Part::endless(name, Stage::Storage, |_| async move { log.ended().await })
            })
            .into();
        let engine = self.engine.clone();
        parts.push(Part::endless("decisions", Stage::Work, |stop| async move {
            stop.run_until_cancelled(engine.ended()).await;
        }));
        if let Some(views) = self.views.clone() {
            parts.push(Part::endless("row readers", Stage::Work, |stop| async move {
                stop.run_until_cancelled(views.ended()).await;
            }));
        }
        if let Some(views) = self.views.clone() {
            let follows = self.roles.has(Role::Projections);
            parts.push(Part::new("views", Stage::Work, move |stop| async move {
                if follows {
                    return views.run(stop).await.context("the views");
                }
                views.look(stop).await;
                Ok(())
            }));
        }
        if let Some(policies) = self.policies.clone() {
            parts.push(Part::endless("policies", Stage::Work, |stop| async move { policies.run(stop).await }));
        }
        if let Some(sign_ins) = self.sign_ins.clone() {
            parts.push(Part::endless("sign-ins", Stage::Work, |stop| async move { sign_ins.run(stop).await }));
        }
        for (at, relay) in self.relays.iter().enumerate() {
            let relays = Arc::clone(&self.relays);
            parts.push(Part::endless(relay_name(relay.log().name()), Stage::Work, move |stop| async move {
                if let Some(relay) = relays.get(at) {
                    relay.run(stop).await;
                }
            }));
        }
        parts
    }

    /// Every public route of this process's roles, with the middleware in front. Pages are served with `setup` only.
    pub fn router(&self, limits: Limits, setup: Option<PageSetup>) -> Router {
        let queries = (self.application.queries)();
        let rejections = self.engine.catalogue().rejections().chain(query_engine::rejections(&queries));
        let mut routes = http_edge::problem_routes(rejections);
        if self.roles.has(Role::Command) {
            routes = routes.merge(command_engine::http::router(self.engine.clone(), self.tokens.clone()));
        }
        let Some(port) = self.query_port() else { return middleware::public(routes, limits, self.tokens.clone()) };
        if self.roles.has(Role::Query) {
            routes = routes.merge(query_engine::router(Queries {
                port: port.clone(),
                tokens: self.tokens.clone(),
                queries,
                commands: self.engine.catalogue().descriptions().cloned().collect(),
                about: self.application.about,
            }));
        }
        let (Some(pages), Some(sign_ins), Some(setup)) = (&self.application.pages, &self.sign_ins, setup) else {
            return middleware::public(routes, limits, self.tokens.clone());
        };
        let sign_ins = Arc::new(sign_ins.clone());
        let edge = PageEdge { layout: pages.error, sign_ins: sign_ins.clone() };
        let sources = PageSources {
            queries: port,
            commands: Arc::new(self.engine.clone()),
            sign_ins,
            operations: setup.operations,
            people: setup.people,
            stop: self.streams_stop.clone(),
        };
        let routes = routes.merge((pages.routes)(Pages::new(sources)));
        middleware::public_with_pages(routes, limits, self.tokens.clone(), edge)
    }

    /// The port by which queries are asked; absent if the process has no views.
    fn query_port(&self) -> Option<QueryPort> {
        Some(QueryPort::new(QuerySources {
            views: self.views.clone()?,
            log: self.care.clone(),
            keys: Arc::clone(&self.keys),
            gate: Arc::new(self.engine.clone()),
            clock: QueryPort::system_clock(),
            values: self.service_values.clone(),
        }))
    }

    /// Waits until every read model has reached the current end of the log. Read models that have stopped are not
    /// waited for: they serve stale rows and report that.
    pub async fn caught_up(&self) {
        let end = self.care.end();
        if let Some(views) = &self.views {
            views.caught_up(end).await;
        }
    }

    /// The views, if this process follows the read model of this name, and can rebuild it.
    pub fn rebuilds(&self, name: &str) -> Option<&Views> {
        let known = |views: &&Views| views.status().iter().any(|model| model.name == name);
        self.views.as_ref().filter(|_| self.roles.has(Role::Projections)).filter(known)
    }

    /// The status of each read model; empty if the process does not use views.
    pub fn views_status(&self) -> Vec<ModelStatus> {
        self.views.as_ref().map(Views::status).unwrap_or_default()
    }

    /// Writes submitted appends, and rejects new ones.
    pub async fn close(&self) {
        self.care.close().await;
        self.access.close().await;
    }
}

/// Each relay is a separate part, because it blocks a thread while it reads its topic.
fn relay_name(log: LogName) -> &'static str {
    match log {
        LogName::Care => "the relay of care",
        LogName::Access => "the relay of access",
    }
}
