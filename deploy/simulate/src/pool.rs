//! The connections of the simulated users to one side of the system. A user waits for a connection while all are in use;
//! the time counts as part of the answer's time, because real users have a connection each.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use tokio::{
    net::lookup_host,
    sync::Semaphore,
    time::{Instant, timeout},
};

use crate::connection::Connection;

/// The time after which an answer is not waited for any more. The server answers within 15 s.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
/// The server closes a connection that is idle for 30 s.
const IDLE_TIME_MAX: Duration = Duration::from_secs(20);

/// Connections that are used again and again.
pub struct ConnectionPool {
    addresses: Vec<SocketAddr>,
    host: String,
    places: Semaphore,
    idle: Mutex<Vec<(Connection, Instant)>>,
    next: AtomicUsize,
    waited: AtomicU64,
}

/// An answer, and the moments at which its request was sent and it was there.
#[derive(Debug)]
pub struct HttpAnswer {
    pub status: u16,
    pub body: Vec<u8>,
    /// `Frontdoor-Position`
    pub position: Option<String>,
    /// `Frontdoor-Stale`
    pub stale: bool,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    pub sent_at: Instant,
    pub answered_at: Instant,
}

/// No answer came. The server may have done what it was asked for.
#[derive(Debug)]
pub struct NoAnswer {
    pub sent_at: Instant,
    pub ended_at: Instant,
    pub why: String,
}

impl ConnectionPool {
    /// For these URLs, `http://HOST:PORT`, with this number of connections at most. Every address has to be of this machine
    /// unless `elsewhere` is true.
    ///
    /// # Errors
    /// If a URL has another form, its name is unknown, or it is of another machine.
    pub async fn to(urls: &[String], connections: usize, elsewhere: bool) -> anyhow::Result<ConnectionPool> {
        let mut addresses = Vec::new();
        for url in urls {
            let of_url = lookup_host(authority(url)?).await.with_context(|| format!("{url} is not found"))?;
            let address = of_url.into_iter().next().with_context(|| format!("{url} has no address"))?;
            check_machine(url, address.ip(), elsewhere)?;
            addresses.push(address);
        }
        let host = authority(urls.first().context("no URL is given")?)?.to_owned();
        let (next, waited) = (AtomicUsize::new(0), AtomicU64::new(0));
        Ok(ConnectionPool {
            addresses,
            host,
            places: Semaphore::new(connections),
            idle: Mutex::default(),
            next,
            waited,
        })
    }

    /// The value of the header `Host`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The number of requests that waited for a connection because all were in use.
    pub fn waited(&self) -> u64 {
        self.waited.load(Ordering::Relaxed)
    }

    /// Sends a request. A connection that turns out to be closed is replaced once: requests can be repeated, because commands
    /// have an idempotency key.
    ///
    /// # Errors
    /// If no answer came.
    pub async fn exchange(&self, request: &[u8]) -> Result<HttpAnswer, NoAnswer> {
        let place = match self.places.try_acquire() {
            Ok(place) => Ok(place),
            Err(_) => {
                self.waited.fetch_add(1, Ordering::Relaxed);
                self.places.acquire().await
            }
        };
        let sent_at = Instant::now();
        let silence = |why: String| NoAnswer { sent_at, ended_at: Instant::now(), why };
        let _place = place.map_err(|error| silence(error.to_string()))?;
        match timeout(ANSWER_TIME_MAX, self.answered(request, sent_at)).await {
            Ok(Ok(received)) => Ok(received),
            Ok(Err(error)) => Err(silence(format!("{error:#}"))),
            Err(_) => Err(silence(format!("no answer within {} s", ANSWER_TIME_MAX.as_secs()))),
        }
    }

    async fn answered(&self, request: &[u8], sent_at: Instant) -> anyhow::Result<HttpAnswer> {
        if let Some(mut connection) = self.idle_connection()
            && let Ok(status) = connection.send(request).await
        {
            return Ok(self.received(connection, status, sent_at));
        }
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.addresses.len();
        let mut connection = Connection::open(self.addresses[at]).await?;
        let status = connection.send(request).await?;
        Ok(self.received(connection, status, sent_at))
    }

    fn idle_connection(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (connection, since) = idle.pop()?;
        if since.elapsed() < IDLE_TIME_MAX {
            return Some(connection);
        }
        // The last one to be used is too old, and so are all below it.
        idle.clear();
        None
    }

    fn received(&self, connection: Connection, status: u16, sent_at: Instant) -> HttpAnswer {
        let answered_at = Instant::now();
        let header = |name| connection.header(name).map(str::to_owned);
        let received = HttpAnswer {
            status,
            body: connection.body().to_vec(),
            position: header("Frontdoor-Position"),
            stale: header("Frontdoor-Stale").is_some(),
            retry_after: connection.header("Retry-After").and_then(|seconds| seconds.parse().ok()),
            sent_at,
            answered_at,
        };
        let closes = connection.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if !closes {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((connection, answered_at));
        }
        received
    }
}

/// `HOST:PORT` of a URL.
fn authority(url: &str) -> anyhow::Result<&str> {
    let Some(rest) = url.strip_prefix("http://") else { bail!("{url}: a URL has the form http://HOST:PORT") };
    let authority = rest.trim_end_matches('/');
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    ensure!(has_port && !authority.contains('/'), "{url}: a URL has the form http://HOST:PORT");
    Ok(authority)
}

/// # Errors
/// If the address is of another machine and `elsewhere` is false.
pub fn check_machine(name: &str, address: IpAddr, elsewhere: bool) -> anyhow::Result<()> {
    ensure!(
        elsewhere || address.is_loopback(),
        "{name} is on another machine: simulate writes synthetic data, which no command removes, and loads the system; \
         --elsewhere permits it"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_host_and_a_port() {
        assert_eq!(authority("http://127.0.0.1:8080/").expect("a URL"), "127.0.0.1:8080");
        for wrong in ["https://127.0.0.1:8080", "127.0.0.1:8080", "http://127.0.0.1", "http://127.0.0.1:80/path"] {
            assert!(authority(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn another_machine_needs_a_permission() {
        let urls = ["http://192.0.2.1:8080".to_owned()];
        let refused = ConnectionPool::to(&urls, 1, false).await.err().expect("it is refused").to_string();
        assert!(refused.contains("--elsewhere"), "{refused}");
        assert!(ConnectionPool::to(&urls, 1, true).await.is_ok());
        assert!(ConnectionPool::to(&["http://127.0.0.1:8080".to_owned()], 1, false).await.is_ok());
    }
}
