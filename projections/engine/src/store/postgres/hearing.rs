//! Receives notifications from other processes by LISTEN, with a heartbeat: a connection that has gone silent looks
//! like one without notifications.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Executor, postgres::PgListener};

use crate::{
    ViewsError,
    store::port::{Listener, PeerAdvance, PeerNotification},
};
use event_log::postgres::connections::{CALL_TIME_MAX, Connections, within};

/// The channel on which processes notify each other.
const CHANNEL: &str = "frontdoor_views";
/// The time without notifications after which the connection is checked.
const SILENCE_MAX: Duration = Duration::from_secs(5);

pub struct Hearing(PgListener);

impl Hearing {
    pub async fn begin(connections: &Connections) -> Result<Hearing, ViewsError> {
        // The listener has its own pool, because it sends a statement on its connection when it is dropped, and waits
        // for the answer.
        let pool = connections.one().await?;
        let mut listener = within(CALL_TIME_MAX, PgListener::connect_with(&pool)).await?;
        listener.eager_reconnect(false);
        within(CALL_TIME_MAX, listener.listen(CHANNEL)).await?;
        Ok(Hearing(listener))
    }
}

#[async_trait]
impl Listener for Hearing {
    async fn next(&mut self) -> Result<Option<PeerNotification>, ViewsError> {
        loop {
            match tokio::time::timeout(SILENCE_MAX, self.0.try_recv()).await {
                // `None` means that the connection was lost, together with any notifications sent in the meantime.
                Ok(heard) => return Ok(heard?.map(|heard| told(heard.payload()).unwrap_or(PeerNotification::Changed))),
                Err(_) => within(CALL_TIME_MAX, self.0.execute("SELECT 1")).await.map(drop)?,
            }
        }
    }
}

/// A line for each build that has advanced.
fn told(payload: &str) -> Option<PeerNotification> {
    payload.lines().map(advance).collect::<Option<_>>().map(PeerNotification::Advanced)
}

fn advance(line: &str) -> Option<PeerAdvance> {
    let mut words = line.split(' ');
    let name = words.next()?.to_owned();
    let (version, build) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let (position, recorded_at) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(PeerAdvance { name, version, build, position, recorded_at })
}
