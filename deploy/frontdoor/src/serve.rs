//! `frontdoor serve`: opens the app, serves, and ends in order. One task's end is the process's end.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use axum::{Router, middleware};
use event_core::LogName;
use futures::FutureExt;
use http_edge::{
    listener::{self, Bounds},
    middleware::{Limits, one_host},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Misconfigured,
    admin::{self, Readiness},
    app::App,
    cli::{Places, Role, Serve},
    demo, descriptors, health,
    key_files::KeyFiles,
    output, private, telemetry,
    tokens::DemoKey,
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
    let errors = output::never_wait().context("lines cannot be written")?;
    telemetry::log_lines(&options, errors)?;
    let connections_max = descriptors::connections_max(options.connections_max)?;
    let bounds = Bounds { connections_max, of_one_address_max: connections_max / 2 };
    let metrics = telemetry::metrics()?;
    private::folder(&options.data)
        .map_err(|error| Misconfigured(format!("--data {}: {error}", options.data.display())))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?;
    let outcome = runtime.block_on(run(&options, &places, bounds, metrics));
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
                // The error's own text has the panic's, which may quote data.
                let how = if error.is_panic() { "panicked" } else { "was cancelled" };
                Some(Err(anyhow!("a task {how}")))
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

async fn run(options: &Serve, places: &Places, bounds: Bounds, metrics: PrometheusHandle) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let demo_key = options.demo.then(|| DemoKey::in_folder(&options.data)).transpose()?;
    let folders = sqlite_folders(places);
    for folder in &folders {
        private::folder(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let keys = KeyFiles::of(options, demo_key.as_ref())?;
    let app = App::open(places, keys.tokens()?).await?;
    for folder in &folders {
        private::files(folder, &views_file(places))
            .with_context(|| format!("the files in {} cannot be made private", folder.display()))?;
    }
    let (public, admin) = (bind("--listen", options.listen)?, bind("--admin", options.admin)?);
    let (public_at, admin_at) = (public.local_addr()?, admin.local_addr()?);

    let readiness = Arc::new(Readiness::default());
    let (stops, mut tasks) = (Stops::default(), Tasks::default());
    for log in [&app.care, &app.access] {
        let (name, log) = (log.name().as_str(), log.clone());
        tasks.spawn(name, async move {
            log.ended().await;
            Ok(())
        });
    }
    let engine = app.engine.clone();
    tasks.spawn("decisions", async move {
        engine.ended().await;
        Ok(())
    });
    if let Some(views) = app.views.clone() {
        tasks.spawn("row readers", async move {
            views.ended().await;
            Ok(())
        });
    }
    if let Some(views) = app.views.clone() {
        let (stop, follows) = (stops.views.clone(), app.roles.has(Role::Projections));
        tasks.spawn("views", async move {
            if follows {
                return views.run(stop).await.context("the views");
            }
            views.look(stop).await;
            Ok(())
        });
    }
    for (at, relay) in app.relays.iter().enumerate() {
        let (relays, stop) = (Arc::clone(&app.relays), stops.views.clone());
        tasks.spawn(relay_task(relay.log().name()), async move {
            if let Some(relay) = relays.get(at) {
                relay.run(stop).await;
            }
            Ok(())
        });
    }
    tasks.spawn("keys", keys.renew(app.tokens.clone(), stops.views.clone()));
    let (watched, parts, stop) = (readiness.clone(), app.clone(), stops.views.clone());
    tasks.spawn("health", async move {
        watched.health.run(&parts, stop).await;
        Ok(())
    });
    let limits = Limits {
        requests_max: options.requests_max as usize,
        requests_of_a_caller_max: options.requests_per_caller_max as usize,
        request_time_max: Duration::from_secs(options.request_seconds_max.into()),
    };
    let routes = app.router(limits).merge(admin::health(readiness.clone()));
    tasks.spawn("public", listen(public, routes, bounds, stops.public.clone()));
    tasks.spawn("upkeep", telemetry::upkeep(metrics.clone(), telemetry::UPKEEP_INTERVAL, stops.admin.clone()));
    let routes = admin::router(app.clone(), readiness.clone(), metrics, &options.admin_hosts);
    tasks.spawn("admin", listen(admin, routes, ADMIN_BOUNDS, stops.admin.clone()));

    let begin = async {
        if let Some(key) = &demo_key {
            let told = demo::fill(&app, key, &options.data).await.context("the demonstration's data")?;
            if let Some(told) = told {
                output::line(format_args!("{}", told.text(public_at)));
            }
        }
        health::warn_of_clock([&app.care, &app.access]).await;
        app.caught_up().await;
        readiness.caught_up();
        output::line(format_args!("frontdoor is ready: http://{public_at} (operator: http://{admin_at})"));
        tracing::info!(public = %public_at, admin = %admin_at, roles = %options.roles, "ready");
        anyhow::Ok(())
    };
    let outcome = until_it_ends(begin, &mut signals, &mut tasks).await;
    let closed = end(&app, &readiness, &stops, &mut tasks).await;
    outcome.and(closed)
}

/// The name of the task that relays a log. Each has one of its own: a relay blocks a thread while it reads its topic.
fn relay_task(log: LogName) -> &'static str {
    match log {
        LogName::Care => "the relay of care",
        LogName::Access => "the relay of access",
    }
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
async fn end(app: &App, readiness: &Readiness, stops: &Stops, tasks: &mut Tasks) -> anyhow::Result<()> {
    readiness.drain();
    stops.public.cancel();
    let mut fault = None;
    if timeout(DRAIN_TIME_MAX, tasks.until_ended("public", &mut fault)).await.is_err() {
        tracing::warn!("some requests were still open after {} s", DRAIN_TIME_MAX.as_secs());
    }
    stops.views.cancel();
    let close = async {
        tasks.until_ended("views", &mut fault).await;
        for part in ["health", "keys"] {
            tasks.until_ended(part, &mut fault).await;
        }
        for log in LogName::ALL {
            tasks.until_ended(relay_task(log), &mut fault).await;
        }
        app.close().await;
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

/// Where the logs and the views are, as far as they are in SQLite.
fn sqlite_folders(places: &Places) -> Vec<PathBuf> {
    let log = places.log_url.sqlite().map(PathBuf::from);
    let views = places.views_url.sqlite().and_then(|file| Path::new(file).parent());
    let views = views.filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned);
    log.into_iter().chain(views).collect()
}

/// The name of the views' file, or that of the default.
fn views_file(places: &Places) -> String {
    let name = places.views_url.sqlite().and_then(|file| Path::new(file).file_name());
    name.map_or_else(|| "views.db".to_owned(), |name| name.to_string_lossy().into_owned())
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

/// Of the operator's listener: its own, so that it answers when the public one is full.
const ADMIN_BOUNDS: Bounds =
    Bounds { connections_max: descriptors::ADMIN_CONNECTIONS, of_one_address_max: descriptors::ADMIN_CONNECTIONS };

async fn listen(listener: TcpListener, routes: Router, bounds: Bounds, stop: CancellationToken) -> anyhow::Result<()> {
    listener::serve(listener, routes.layer(middleware::from_fn(one_host)), bounds, stop).await;
    Ok(())
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
        assert_eq!(panicked, "a task panicked", "the panic's own text may quote data");
    }
}
