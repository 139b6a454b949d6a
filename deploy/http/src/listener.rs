//! A listener and its connections (HTTP/1.1), with limits for the number of connections, the time for a request's head,
//! and the shutdown. axum's own server has none of these limits.

use std::{
    io,
    net::IpAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use axum::{Router, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    Problem,
    problem::PROBLEM_JSON,
    problem_catalogue::REQUEST_TIMEOUT,
    shares::{Share, Shares},
};

/// The time limit for a request's head, from the moment at which the connection is ready for it. Idle connections are
/// therefore also closed after this time.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// The size limit of a request's head; a larger one is answered 431.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The time within which the client has to accept some part of an answer.
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// The time limit at shutdown for the last bytes of an answer, and for incomplete heads.
const LAST_BYTES_TIME_MAX: Duration = Duration::from_secs(2);
/// The pause after the operating system could not accept a connection (no descriptors are left).
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// The number of connections that may be open at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Further connections wait in the operating system's queue until another closes.
    pub connections_max: usize,
    /// The limit for one address. Further connections are closed immediately.
    pub of_one_address_max: usize,
}

/// The address of the client, for each request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Serves until `stop`, and then until the requests in flight are answered.
pub async fn serve(listener: TcpListener, routes: Router, bounds: Bounds, stop: CancellationToken) {
    let addresses = Shares::new(bounds.of_one_address_max, bounds.connections_max);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => note(ended),
            accepted = listener.accept(), if connections.len() < bounds.connections_max => match accepted {
                Ok((stream, peer)) => {
                    let Ok(place) = addresses.take(peer.ip(), 1) else {
                        metrics::counter!("http_connections_refused_total").increment(1);
                        continue;
                    };
                    connections.spawn(accepted_from(stream, peer.ip(), place, routes.clone(), stop.clone()));
                }
                Err(error) => could_not_accept(&error).await,
            },
        }
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    // The error's own text contains the text of the panic, which may quote data.
    if ended.is_err() {
        tracing::error!("the task of a connection panicked");
    }
}

async fn could_not_accept(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "no connection can be accepted");
        sleep(ACCEPT_PAUSE).await;
    }
}

async fn accepted_from(
    stream: TcpStream,
    peer: IpAddr,
    _place: Share<IpAddr>,
    routes: Router,
    stop: CancellationToken,
) {
    // An answer is one small write, which must not wait for the acknowledgement of the previous one.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it was used");
    }
    connection(stream, peer, routes, stop).await;
}

async fn connection<IO>(stream: IO, peer: IpAddr, routes: Router, stop: CancellationToken)
where
    IO: AsyncRead + AsyncWrite + Send + 'static,
{
    // Locked while a request is in flight. HTTP/1.1 has one at a time per connection.
    let in_flight = Arc::new(Mutex::new(()));
    let service = service_fn(|mut request: Request<Incoming>| {
        let (in_flight, routes) = (in_flight.clone(), routes.clone());
        async move {
            let _in_flight = in_flight.lock().await;
            request.extensions_mut().insert(Peer(peer));
            routes.oneshot(request).await
        }
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIME_MAX));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut serving = Pin::new(&mut connection);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            let quiet = pin!(no_request_left(&in_flight));
            tokio::select! {
                ended = serving => ended,
                () = quiet => return,
            }
        }
    };
    if ended.is_err_and(|error| error.is_timeout()) {
        let parts = connection.into_parts();
        // An idle connection is closed without an answer, because its client would take it for the answer to its next
        // request.
        if !parts.read_buf.is_empty() {
            let last = async {
                let mut stream = parts.io.into_inner();
                stream.write_all(late_head().as_bytes()).await?;
                stream.shutdown().await
            };
            // The connection is closed in any case, so a failure does not matter.
            drop(timeout(LAST_BYTES_TIME_MAX, last).await);
        }
    }
}

/// Waits for an incomplete head as well as for requests; the library waits for requests only.
async fn no_request_left(in_flight: &Mutex<()>) {
    loop {
        drop(in_flight.lock().await);
        sleep(LAST_BYTES_TIME_MAX).await;
        if in_flight.try_lock().is_ok() {
            return;
        }
    }
}

/// Always JSON, because an incomplete head does not tell the client's preference.
fn late_head() -> String {
    let body = Problem::of(&REQUEST_TIMEOUT).document().to_string();
    format!(
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: {PROBLEM_JSON}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests;
