//! `frontdoor serve`: opens the house, serves, and ends in order. One task's end is the process's end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, anyhow, bail};
use axum::Router;
use command_engine::http::Tokens;
use futures::FutureExt;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Misconfigured,
    admin::{self, Readiness},
    cli::{Places, Role, Serve},
    demo,
    front::{
        Limits,
        listener::{Bounded, CONNECTIONS_MAX},
    },
    health,
    house::House,
    telemetry,
    tokens::{AUDIENCE, DEMO_ISSUER, DemoKey},
};

/// How long requests in flight are waited for after SIGTERM.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(6);
/// How long views and logs may take to come to a batch's end after that.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(3);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// `Misconfigured`, or what made it impossible to go on.
pub fn serve(options: Box<Serve>) -> anyhow::Result<()> {
    let places = options.places()?;
    telemetry::log_lines(&options)?;
    let metrics = telemetry::metrics()?;
    std::fs::create_dir_all(&options.data)
        .map_err(|error| Misconfigured(format!("--data {}: {error}", options.data.display())))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?;
    let outcome = runtime.block_on(run(&options, &places, metrics));
    // What still blocks a thread by then (a reader of a file) has nothing left to lose.
    runtime.shutdown_timeout(Duration::from_millis(500));
    outcome
}

/// The tasks of the process, by name. None ends before the process does.
#[derive(Default)]
struct Tasks {
    set: JoinSet<(&'static str, anyhow::Result<()>)>,
    running: Vec<&'static str>,
}

impl Tasks {
    fn spawn(&mut self, name: &'static str, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.running.push(name);
        self.set.spawn(async move { (name, work.await) });
    }

    /// The next task that ends, and how. A panic's name is not known, so nobody is waited for after it.
    async fn next(&mut self) -> Option<anyhow::Result<&'static str>> {
        match self.set.join_next().await? {
            Ok((name, outcome)) => {
                self.running.retain(|running| *running != name);
                Some(outcome.map(|()| name).with_context(|| format!("{name} ended")))
            }
            Err(error) => {
                self.running.clear();
                Some(Err(anyhow!(error).context("a task ended")))
            }
        }
    }

    /// Waits until this task has ended. The first fault of any task is kept in `fault`.
    async fn until_ended(&mut self, name: &str, fault: &mut Option<anyhow::Error>) {
        while self.running.contains(&name) {
            if let Some(Err(error)) = self.next().await {
                fault.get_or_insert(error);
            }
        }
    }
}

/// One token for each step of the end, in this order.
#[derive(Default)]
struct Stops {
    public: CancellationToken,
    views: CancellationToken,
    admin: CancellationToken,
}

async fn run(options: &Serve, places: &Places, metrics: PrometheusHandle) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let demo_key = options.demo.then(|| DemoKey::in_folder(&options.data)).transpose()?;
    let house = House::open(places, tokens(options, demo_key.as_ref())?).await?;
    let (public, admin) = (bind("--listen", options.listen)?, bind("--admin", options.admin)?);
    let (public_at, admin_at) = (public.local_addr()?, admin.local_addr()?);

    let readiness = Arc::new(Readiness::default());
    let (stops, mut tasks) = (Stops::default(), Tasks::default());
    for log in [&house.care, &house.access] {
        tasks.spawn(log.name().as_str(), until_gone(log.watch()));
    }
    if let Some(views) = house.views.clone() {
        let (stop, follows) = (stops.views.clone(), house.roles.has(Role::Projections));
        tasks.spawn("views", async move {
            if follows {
                return views.run(stop).await.context("the views");
            }
            views.look(stop).await;
            Ok(())
        });
    }
    if !house.relays.is_empty() {
        let (relays, stop) = (Arc::clone(&house.relays), stops.views.clone());
        tasks.spawn("relay", async move {
            futures::future::join_all(relays.iter().map(|relay| relay.run(stop.clone()))).await;
            Ok(())
        });
    }
    let limits = Limits {
        requests_max: options.requests_max as usize,
        request_time_max: Duration::from_secs(options.request_seconds_max.into()),
    };
    let routes = house.router(limits).merge(admin::health(house.clone(), readiness.clone()));
    tasks.spawn("public", listen(public, routes, stops.public.clone()));
    tasks.spawn("admin", listen(admin, admin::router(house.clone(), readiness.clone(), metrics), stops.admin.clone()));

    let begin = async {
        if let Some(key) = &demo_key {
            let told = demo::fill(&house, key, &options.data).await.context("the demonstration's data")?;
            if let Some(told) = told {
                println!("{}", told.text(public_at));
            }
        }
        health::warn_of_clock([&house.care, &house.access]).await;
        house.caught_up().await;
        readiness.caught_up();
        println!("frontdoor is ready: http://{public_at} (operator: http://{admin_at})");
        tracing::info!(public = %public_at, admin = %admin_at, roles = %options.roles, "ready");
        anyhow::Ok(())
    };
    let outcome = until_it_ends(begin, &mut signals, &mut tasks).await;
    let closed = end(&house, &readiness, &stops, &mut tasks).await;
    outcome.and(closed)
}

/// Until a signal comes (`Ok`), or something ends that should not.
async fn until_it_ends(
    begin: impl Future<Output = anyhow::Result<()>>,
    signals: &mut Signals,
    tasks: &mut Tasks,
) -> anyhow::Result<()> {
    let mut begin = std::pin::pin!(begin.fuse());
    loop {
        tokio::select! {
            signal = signals.next() => {
                tracing::info!(signal, "ending");
                return Ok(());
            }
            Some(ended) = tasks.next() => bail!("{} ended by itself", ended?),
            begun = &mut begin => begun?,
        }
    }
}

/// Readiness off; requests in flight answered; views at a batch's end; what was submitted written; the operator last.
async fn end(house: &House, readiness: &Readiness, stops: &Stops, tasks: &mut Tasks) -> anyhow::Result<()> {
    readiness.drain();
    stops.public.cancel();
    let mut fault = None;
    if timeout(DRAIN_TIME_MAX, tasks.until_ended("public", &mut fault)).await.is_err() {
        tracing::warn!("some requests were still open after {} s", DRAIN_TIME_MAX.as_secs());
    }
    stops.views.cancel();
    let close = async {
        tasks.until_ended("views", &mut fault).await;
        tasks.until_ended("relay", &mut fault).await;
        house.close().await;
        stops.admin.cancel();
        for last in ["care", "access", "admin"] {
            tasks.until_ended(last, &mut fault).await;
        }
    };
    if timeout(CLOSE_TIME_MAX, close).await.is_err() {
        bail!("not closed after {} s", CLOSE_TIME_MAX.as_secs());
    }
    fault.map_or(Ok(()), Err)
}

/// A log's end is told for as long as its writer lives.
async fn until_gone(mut end: watch::Receiver<u64>) -> anyhow::Result<()> {
    while end.changed().await.is_ok() {}
    Ok(())
}

/// Connections that wait to be accepted. The library's 128 are fewer than come at eight in the morning: one more is
/// dropped, and its client tries again after a second.
const CONNECTIONS_WAITING_MAX: u32 = 1_024;

fn bind(flag: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listening = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(CONNECTIONS_WAITING_MAX)
    };
    listening().with_context(|| format!("{flag} {address}"))
}

async fn listen(listener: TcpListener, routes: Router, stop: CancellationToken) -> anyhow::Result<()> {
    let listener = Bounded::new(listener, CONNECTIONS_MAX);
    axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await.context("the listener failed")
}

fn tokens(options: &Serve, demo: Option<&DemoKey>) -> anyhow::Result<Tokens> {
    let given = options.issuers.iter().map(|issuer| (issuer.name.as_str(), issuer.jwks.as_path()));
    let own = demo.map(|key| (DEMO_ISSUER, key.jwks()));
    let mut issuers = Vec::new();
    for (issuer, file) in given.chain(own) {
        let wrong =
            |error: &dyn std::fmt::Display| Misconfigured(format!("--issuer {issuer}: {}: {error}", file.display()));
        let text = std::fs::read(file).map_err(|error| wrong(&error))?;
        let keys = serde_json::from_slice(&text).map_err(|error| wrong(&error))?;
        issuers.push((issuer.to_owned(), keys));
    }
    Tokens::new(AUDIENCE, issuers).map_err(|error| Misconfigured(error.to_string()).into())
}

struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Signals> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn why_it_ends(work: impl Future<Output = anyhow::Result<()>> + Send + 'static) -> String {
        let mut tasks = Tasks::default();
        tasks.spawn("views", work);
        tasks.spawn("public", std::future::pending());
        let mut signals = Signals::listen().expect("signals");
        let ended = until_it_ends(std::future::pending(), &mut signals, &mut tasks).await;
        format!("{:#}", ended.expect_err("the process ends"))
    }

    #[tokio::test]
    async fn one_tasks_end_is_the_processs_end() {
        assert_eq!(why_it_ends(async { Ok(()) }).await, "views ended by itself");
        assert_eq!(why_it_ends(async { bail!("no more rows") }).await, "views ended: no more rows");
        let panicked = why_it_ends(async { std::panic::resume_unwind(Box::new("a bug")) }).await;
        assert!(panicked.starts_with("a task ended: "), "{panicked}");
    }
}
