//! A library that lends books, on the platform's engines. `docs/tutorial.md` explains it step by step.

pub mod commands;
pub mod events;
pub mod loans;

use std::sync::Arc;

use command_engine::{Catalogue, Engine, EngineOptions};
use event_core::{LogName, Service};
use event_kafka::{Address, FromKafka, Relay};
use event_log::{Log, LogOptions};
use http_edge::{
    Tokens,
    listener::{self, Bounds},
    middleware::{self, Limits},
    problem_catalogue,
};
use projection_engine::{Views, models};
use query_engine::{About, Queries, entry};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const SERVICES: &[&Service] = &[&events::SERVICE];
const ABOUT: About = About { title: "Library", summary: "Lends books.", description: "The tutorial's service." };
const BOUNDS: Bounds = Bounds { connections_max: 1_000, of_one_address_max: 500 };

/// Where the library keeps its data.
pub struct Places {
    /// `sqlite:FOLDER`, or `postgres://…` of a database that was migrated.
    pub log: String,
    /// `sqlite:FILE`, or `postgres://…`.
    pub views: String,
    /// With Kafka the read models follow the log's topic, which a relay writes.
    pub kafka: Option<Address>,
}

/// Serves until `stop`.
///
/// # Errors
/// When a store cannot be opened, or the read models cannot go on.
pub async fn serve(places: Places, tokens: Tokens, listen: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let log = Log::open(&places.log, LogName::Care, LogOptions::default()).await?;
    let mut views = Views::open(&places.views, log.clone(), SERVICES, models(loans::read_models)).await?;
    if let Some(kafka) = places.kafka {
        let relay = Relay::new(log.clone(), kafka.clone(), format!("library-{}", std::process::id()));
        let ended = stop.clone();
        tokio::spawn(async move { relay.run(ended).await });
        views = views.fed_by(Arc::new(FromKafka::new(log.clone(), kafka)));
    }
    let following = tokio::spawn({
        let (views, stop) = (views.clone(), stop.clone());
        async move { views.run(stop).await }
    });
    let engine = Engine::start(log.clone(), Catalogue::of(commands::commands), EngineOptions::default());
    let queries = vec![entry::<loans::ListLoans>()];
    let rejections = engine.catalogue().rejections().chain(query_engine::rejections(&queries));
    let problems = problem_catalogue::router(rejections);
    let queries = Queries {
        views,
        log: log.clone(),
        gate: Arc::new(engine.clone()),
        tokens: tokens.clone(),
        queries,
        commands: engine.catalogue().descriptions().cloned().collect(),
        about: ABOUT,
    };
    let routes =
        problems.merge(command_engine::http::router(engine, tokens.clone())).merge(query_engine::router(queries));
    listener::serve(listen, middleware::public(routes, Limits::default(), tokens), BOUNDS, stop).await;
    following.await??;
    log.close().await;
    Ok(())
}
