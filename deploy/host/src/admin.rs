//! The operator's listener: health, metrics, the list of projections, rebuilds. It has no authentication and is bound
//! to the loopback address by default. Requests that come from a web page are rejected.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{HeaderName, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http_edge::{
    Problem,
    middleware::with_problems,
    problem_catalogue::{NOT_FOR_PAGES, NOT_FOUND, NOT_READY},
};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{admin_policies, app::App, process_status, readiness::Readiness};

/// The number of progress lines that wait for a slow reader. Further lines are left out, except the last one.
const PROGRESS_LINES_MAX: usize = 64;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[derive(Clone)]
struct Admin {
    app: App,
    readiness: Arc<Readiness>,
    metrics: PrometheusHandle,
}

/// The routes `/health/live` and `/health/ready`, for both listeners.
pub fn health(readiness: Arc<Readiness>) -> Router {
    let ready = move || ready(readiness.clone());
    let live = async || Json(json!({"status": "live"}));
    with_problems(Router::new().route("/health/live", get(live)).route("/health/ready", get(ready)))
}

/// Answers immediately from the result of the last probe, because a load balancer's probe has its own time limit.
async fn ready(readiness: Arc<Readiness>) -> Response {
    let obstacles = readiness.obstacles();
    if obstacles.is_empty() {
        return Json(json!({"status": "ready"})).into_response();
    }
    Problem::of(&NOT_READY).detail(obstacles.join(" ")).into_response()
}

/// The operator's routes.
///
/// `names` are the host names that tools may use in addition to IP addresses and `localhost`.
pub fn router(app: App, readiness: Arc<Readiness>, metrics: PrometheusHandle, names: &[String]) -> Router {
    let admin = Admin { app: app.clone(), readiness: readiness.clone(), metrics };
    let routes = Router::new()
        .route("/metrics", get(metrics_text))
        .route("/status", get(status))
        .route("/projections", get(projections))
        .route("/projections/{name}/rebuild", post(rebuild))
        .fallback(async || StatusCode::NOT_FOUND)
        .with_state(admin)
        .merge(admin_policies::routes(app.policies))
        .merge(health(readiness));
    with_problems(routes).layer(middleware::from_fn_with_state(names.into(), not_from_a_page))
}

/// Rejects requests that a browser sends for a page: they name the page (`Origin`) or state their origin
/// (`Sec-Fetch-Site`; `none` is an address that was typed). A page with a host name that resolves to this listener (DNS
/// rebinding) sends neither, but its `Host` is that name. Operators' tools use an IP address, `localhost`, or a
/// configured name.
async fn not_from_a_page(State(names): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let by_a_page = headers.contains_key(header::ORIGIN)
        || headers.get_all(SEC_FETCH_SITE).iter().any(|site| site != "none")
        || !headers.get_all(header::HOST).iter().all(|host| host.to_str().is_ok_and(|host| is_for_tools(host, &names)));
    if by_a_page {
        return Problem::of(&NOT_FOR_PAGES)
            .detail("Tools ask by an IP address, `localhost`, or a name that `--admin-host` gives.")
            .into_response();
    }
    next.run(request).await
}

/// True for an IP address, `localhost` or one of these names, with or without a port.
fn is_for_tools(host: &str, names: &[String]) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let known = |known: &str| name.eq_ignore_ascii_case(known);
    host.parse::<SocketAddr>().is_ok()
        || address.parse::<IpAddr>().is_ok()
        || known("localhost")
        || names.iter().any(|name| known(name))
}

async fn metrics_text(State(admin): State<Admin>) -> String {
    // The age of the rows changes without an event, so it is measured on request.
    for model in admin.app.views_status() {
        metrics::gauge!("views_lag_events", "name" => model.name).set(model.lag_events as f64);
        metrics::gauge!("views_lag_ms", "name" => model.name)
            .set(model.lag_ms.map_or(f64::NAN, |lag_ms| lag_ms as f64));
    }
    for (log, ahead_ms) in process_status::ahead_of_clock_ms(&admin.app).await {
        metrics::gauge!("log_ahead_of_clock_ms", "log" => log).set(ahead_ms as f64);
    }
    // The numbers of commands that wait and are parked are in the tables, which other processes change, too.
    drop(process_status::policies(&admin.app).await);
    admin.metrics.render()
}

/// The roles and the state of this process.
async fn status(State(admin): State<Admin>) -> Json<Value> {
    Json(process_status::of(&admin.app, &admin.readiness).await)
}

async fn projections(State(admin): State<Admin>) -> Json<Value> {
    Json(json!({"end": admin.app.care.end(), "items": admin.app.views_status()}))
}

/// Answers immediately with NDJSON: one line per progress step, and a last line with `done` or `failed`. The rebuild
/// continues if the operator disconnects.
async fn rebuild(State(admin): State<Admin>, Path(name): Path<String>) -> Response {
    let Some(views) = admin.app.rebuilds(&name).cloned() else {
        let detail = "This process keeps no read model of this name.";
        return Problem::of(&NOT_FOUND).detail(detail).into_response();
    };
    let (lines, mut coming) = mpsc::channel::<Value>(PROGRESS_LINES_MAX);
    tokio::spawn(async move {
        let progress = lines.clone();
        // The channel is full if the reader is slow; a lost progress step does not matter.
        let step = move |step| drop(progress.try_send(json!({"progress": step})));
        let last = match views.rebuild(&name, step).await {
            Ok(report) => json!({"done": report}),
            Err(error) => json!({"failed": error.to_string()}),
        };
        drop(lines.send(last).await);
    });
    let body = futures::stream::poll_fn(move |context| coming.poll_recv(context).map(|line| line.map(ndjson)));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(body)).into_response()
}

fn ndjson(line: Value) -> Result<Bytes, std::convert::Infallible> {
    Ok(format!("{line}\n").into())
}
