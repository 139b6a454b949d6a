//! `serve`: opens the app, starts its parts, serves, and stops them in order.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use axum::{Router, middleware};
use http_edge::{
    listener::{self, Bounds},
    middleware::{Limits, one_host},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::{SignalKind, signal},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Application, Demo, Misconfigured, admin,
    app::{App, PageSetup},
    demo_key::{DEMO_ISSUER, DemoKey},
    descriptors, health,
    key_files::KeyFiles,
    operations::SystemOperations,
    options::{Places, Serve},
    output,
    parts::{Part, RunningParts, Stage},
    private,
    readiness::Readiness,
    samples::Samples,
    service_files::ServiceFiles,
    telemetry,
};

/// The time limit for requests in flight after SIGTERM.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(6);
/// The time limit for views and logs to reach a batch boundary after that.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(3);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// `Misconfigured`, or the fault that ended the process.
pub fn serve(application: &'static Application, options: &Serve) -> anyhow::Result<()> {
    let places = options.places()?;
    if options.demo && application.demonstration.is_none() {
        return Err(Misconfigured(format!("{} has no demonstration; leave --demo away", application.name)).into());
    }
    let errors = output::never_wait().context("lines cannot be written")?;
    telemetry::log_lines(options, errors)?;
    let connections_max = descriptors::connections_max(options.connections_max)?;
    let bounds = Bounds { connections_max, of_one_address_max: connections_max / 2 };
    let metrics = telemetry::metrics()?;
    private::folder(&options.data)
        .map_err(|error| Misconfigured(format!("--data {}: {error}", options.data.display())))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?;
    let outcome = runtime.block_on(run(application, options, &places, bounds, metrics));
    // Threads that are still blocked at this point (on reading a file) have no work to lose.
    runtime.shutdown_timeout(Duration::from_millis(500));
    outcome
}

async fn run(
    application: &'static Application,
    options: &Serve,
    places: &Places,
    bounds: Bounds,
    metrics: PrometheusHandle,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let demo_key = options.demo.then(|| DemoKey::in_folder(&options.data)).transpose()?;
    let folders = sqlite_folders(places);
    for folder in &folders {
        private::folder(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let keys = KeyFiles::of(application, options, demo_key.as_ref())?;
    let service_files = ServiceFiles::read(application, options)?;
    let mut app = App::open(application, places, keys.tokens()?).await?;
    app.service_values = service_files.values();
    if !options.demo {
        // Its tokens are refused, too.
        app.sign_ins =
            app.sign_ins.map(|sign_ins| DEMO_ISSUER.parse().map(|demo| sign_ins.without(demo))).transpose()?;
    }
    for folder in &folders {
        private::files(folder, &views_file(places))
            .with_context(|| format!("the files in {} cannot be made private", folder.display()))?;
    }
    let (public, admin) = (bind("--listen", options.listen)?, bind("--admin", options.admin)?);
    let (public_at, admin_at) = (public.local_addr()?, admin.local_addr()?);

    let readiness = Arc::new(Readiness::default());
    let mut parts = app.parts();
    let tokens = app.tokens.clone();
    parts.push(Part::new("keys", Stage::Work, |stop| keys.renew(tokens, stop)));
    parts.push(Part::new("service files", Stage::Work, |stop| service_files.renew(stop)));
    let (watched, all) = (readiness.clone(), app.clone());
    parts.push(Part::endless("health", Stage::Work, |stop| async move { watched.health.run(&all, stop).await }));
    let limits = Limits {
        requests_max: options.requests_max as usize,
        requests_of_a_caller_max: options.requests_per_caller_max as usize,
        request_time_max: Duration::from_secs(options.request_seconds_max.into()),
    };
    let people = match (options.demo, &application.pages) {
        (true, Some(pages)) => (pages.people)(&DEMO_ISSUER.parse()?),
        (true, None) | (false, _) => Vec::new(),
    };
    let samples = Arc::new(Samples::default());
    let (sampled, all, recorded) = (samples.clone(), app.clone(), metrics.clone());
    parts.push(Part::endless("samples", Stage::Work, |stop| async move { sampled.run(&all, &recorded, stop).await }));
    let peers = options.peer_admins.clone();
    let operations = SystemOperations::new(app.clone(), readiness.clone(), samples, admin_at.to_string(), peers)?;
    let setup = PageSetup { people, operations: Arc::new(operations) };
    let routes = app.router(limits, Some(setup)).merge(admin::health(readiness.clone()));
    parts.push(Part::endless("public", Stage::Public, move |stop| listen(public, routes, bounds, stop)));
    let kept = metrics.clone();
    parts.push(Part::endless("upkeep", Stage::Operator, |stop| {
        telemetry::upkeep(kept, telemetry::UPKEEP_INTERVAL, stop)
    }));
    let routes = admin::router(app.clone(), readiness.clone(), metrics, &options.admin_hosts);
    parts.push(Part::endless("admin", Stage::Operator, |stop| listen(admin, routes, ADMIN_BOUNDS, stop)));
    let mut running = RunningParts::start(parts);

    let begin = async {
        if let (Some(key), Some(fill)) = (&demo_key, application.demonstration) {
            let demo = Demo { app: &app, key, data: &options.data, public: public_at };
            if let Some(text) = fill(demo).await.context("the demonstration's data")? {
                output::line(text);
            }
        }
        health::warn_of_clock([&app.care, &app.access]).await;
        app.caught_up().await;
        readiness.caught_up();
        let name = application.name;
        output::line(format_args!("{name} is ready: http://{public_at} (operator: http://{admin_at})"));
        tracing::info!(public = %public_at, admin = %admin_at, roles = %options.roles, "ready");
        anyhow::Ok(())
    };
    let signal = async {
        let signal = signals.next().await;
        tracing::info!(signal, "ending");
    };
    let outcome = running.until(begin, signal).await;
    let closed = end(&app, &readiness, running).await;
    outcome.and(closed)
}

/// Turns readiness off, answers requests in flight, stops the views at a batch boundary, writes submitted appends, and
/// stops the operator's listener last.
async fn end(app: &App, readiness: &Readiness, mut running: RunningParts) -> anyhow::Result<()> {
    readiness.drain();
    app.streams_stop.cancel();
    if timeout(DRAIN_TIME_MAX, running.stop(Stage::Public)).await.is_err() {
        tracing::warn!("some requests were still open after {} s", DRAIN_TIME_MAX.as_secs());
    }
    let close = async {
        running.stop(Stage::Work).await;
        app.close().await;
        running.stop(Stage::Storage).await;
        running.stop(Stage::Operator).await;
    };
    if timeout(CLOSE_TIME_MAX, close).await.is_err() {
        bail!("not closed after {} s", CLOSE_TIME_MAX.as_secs());
    }
    running.outcome()
}

/// The folders of the logs and the views that are in SQLite.
fn sqlite_folders(places: &Places) -> Vec<PathBuf> {
    let log = places.log_url.sqlite().map(PathBuf::from);
    let views = places.views_url.sqlite().and_then(|file| Path::new(file).parent());
    let views = views.filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned);
    log.into_iter().chain(views).collect()
}

/// The name of the views' file, or the default name.
fn views_file(places: &Places) -> String {
    let name = places.views_url.sqlite().and_then(|file| Path::new(file).file_name());
    name.map_or_else(|| "views.db".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The number of connections that wait to be accepted. The library's default of 128 is too low for peak load at eight
/// in the morning: further connections are dropped, and their clients try again after a second.
const CONNECTIONS_WAITING_MAX: u32 = 1_024;

/// A listener at this address, which the option `flag` gave.
///
/// # Errors
/// If it cannot be bound.
pub fn bind(flag: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listening = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(CONNECTIONS_WAITING_MAX)
    };
    listening().with_context(|| format!("{flag} {address}"))
}

/// The operator's listener has its own limits, so that it answers when the public one is full.
const ADMIN_BOUNDS: Bounds =
    Bounds { connections_max: descriptors::ADMIN_CONNECTIONS, of_one_address_max: descriptors::ADMIN_CONNECTIONS };

/// Serves until `stop`, and only requests with the listener's own host.
pub async fn listen(listener: TcpListener, routes: Router, bounds: Bounds, stop: CancellationToken) {
    listener::serve(listener, routes.layer(middleware::from_fn(one_host)), bounds, stop).await;
}

/// The signals that end a process.
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// # Errors
    /// If the signals cannot be listened for.
    pub fn listen() -> anyhow::Result<Signals> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The name of the next signal.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
