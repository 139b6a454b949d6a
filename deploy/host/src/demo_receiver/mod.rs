//! `demo-receiver`: the other end of the gateways of a demonstration. It takes every delivery, keeps the newest in memory, and
//! shows them on a page, so that a person sees what arrives. It delivers nothing to anybody.

mod page;
mod received;

use std::{os::unix::process::parent_id, time::Duration};

use anyhow::Context;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use http_edge::listener::Bounds;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::DemoReceiverOptions,
    output,
    serve::{Signals, bind, listen},
};
use received::{Received, ReceivedDeliveries};

/// The size limit of a delivery.
const DELIVERY_BYTES_MAX: usize = 64 * 1024;
const BOUNDS: Bounds = Bounds { connections_max: 64, of_one_address_max: 64 };
/// The interval at which `--until-parent-ends` looks.
const PARENT_LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Receives until SIGTERM, SIGINT, or the end of the parent process.
///
/// # Errors
/// If the address cannot be bound.
pub fn receive(name: &str, options: &DemoReceiverOptions) -> anyhow::Result<()> {
    output::never_wait().context("lines cannot be written")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no thread")?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let listener = bind("--listen", options.listen)?;
        output::line(format_args!(
            "{name} demo-receiver is ready: http://{} shows what gateways deliver",
            listener.local_addr()?
        ));
        let stop = CancellationToken::new();
        let serving = listen(listener, routes(), BOUNDS, stop.clone());
        let ending = async {
            tokio::select! {
                _ = signals.next() => {}
                () = parent_ended(), if options.until_parent_ends => {}
            }
            stop.cancel();
        };
        tokio::join!(serving, ending);
        Ok(())
    })
}

/// Waits until the process has another parent than at its start.
async fn parent_ended() {
    let parent = parent_id();
    while parent_id() == parent {
        tokio::time::sleep(PARENT_LOOK_INTERVAL).await;
    }
}

fn routes() -> Router {
    Router::new()
        .route("/", get(page::show))
        .route("/style.css", get(page::style))
        .route("/script.js", get(page::script))
        .route("/deliveries", get(list))
        .route("/{gateway}", post(take))
        .layer(DefaultBodyLimit::max(DELIVERY_BYTES_MAX))
        .with_state(Received::default())
}

async fn list(State(received): State<Received>) -> Json<ReceivedDeliveries> {
    Json(received.newest_first())
}

/// Takes a delivery. A repeat of an earlier one is counted and not shown again.
async fn take(
    State(received): State<Received>,
    Path(gateway): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(), (StatusCode, String)> {
    let refused = |why: &str| (StatusCode::BAD_REQUEST, format!("{why}\n"));
    let key = headers.get("Idempotency-Key").and_then(|key| key.to_str().ok());
    let key = key.ok_or_else(|| refused("a delivery has the header Idempotency-Key"))?;
    let contents = serde_json::from_slice(&body).map_err(|_| refused("a delivery is JSON"))?;
    received.take(gateway, key.to_owned(), contents);
    Ok(())
}
