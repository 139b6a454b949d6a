//! Live pages: an event stream tells an open page that its content has changed, and the page asks for itself again. The
//! stream carries no content, so what a page shows comes from one place.

use std::{
    collections::hash_map::DefaultHasher,
    convert::Infallible,
    hash::{Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, stream};
use http_edge::{Problem, problem_catalogue::OVERLOADED};
use serde::Serialize;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until, timeout},
};

use crate::pages::Pages;

/// The shortest time between two looks of a stream.
const LOOK_EVERY_MIN: Duration = Duration::from_secs(1);
/// The longest time between two looks: holds expire by the clock, without an event.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(15);
/// The time after which a stream ends; the browser then opens a new one, which checks the sign-in again.
const STREAM_TIME_MAX: Duration = Duration::from_secs(10 * 60);
/// The time after which a browser opens a new stream, in milliseconds.
const RETRY_AFTER: Duration = Duration::from_secs(3);

/// A hash of what a page shows, by which a change is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// `None` if the value cannot be written as JSON, which is a bug.
    pub fn of(shown: &impl Serialize) -> Option<Fingerprint> {
        let json = serde_json::to_vec(shown).ok()?;
        let mut hasher = DefaultHasher::new();
        json.hash(&mut hasher);
        Some(Fingerprint(hasher.finish()))
    }
}

/// A look of a live page at its content.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub shown: Fingerprint,
    /// The time within which the next look is due, also without an event.
    pub next_within: Duration,
}

impl From<Fingerprint> for Look {
    fn from(shown: Fingerprint) -> Look {
        Look { shown, next_within: LOOK_EVERY_MAX }
    }
}

struct LiveStream<L> {
    pages: Pages,
    look: L,
    seen: Option<Fingerprint>,
    end: tokio::sync::watch::Receiver<u64>,
    looked_at: Instant,
    next_within: Duration,
    ends_at: Instant,
    _place: OwnedSemaphorePermit,
}

impl Pages {
    /// An event stream that says `changed` whenever `look` finds another fingerprint. `look` is called after new
    /// events, at most once a second, with the caller's access checked each time; the stream ends when it fails. A
    /// `Look` in place of a fingerprint says when the next one is due.
    pub fn live<L, F, K>(&self, look: L) -> Response
    where
        L: Fn() -> F + Send + 'static,
        F: Future<Output = Option<K>> + Send + 'static,
        K: Into<Look> + 'static,
    {
        let Ok(place) = Arc::clone(&self.streams.0).try_acquire_owned() else {
            return Problem::of(&OVERLOADED).retry_after(RETRY_AFTER.as_secs() as u32).into_response();
        };
        let now = Instant::now();
        let stream = LiveStream {
            pages: self.clone(),
            look,
            seen: None,
            end: self.queries.log_end(),
            looked_at: now,
            next_within: LOOK_EVERY_MAX,
            ends_at: now + STREAM_TIME_MAX,
            _place: place,
        };
        Sse::new(stream.events()).keep_alive(KeepAlive::default()).into_response()
    }
}

impl<L, F, K> LiveStream<L>
where
    L: Fn() -> F + Send + 'static,
    F: Future<Output = Option<K>> + Send + 'static,
    K: Into<Look> + 'static,
{
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        stream::unfold(self, |mut live| async move {
            let stop = live.pages.stop.clone();
            let event = stop.run_until_cancelled(live.next()).await.flatten()?;
            Some((Ok(event), live))
        })
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.seen.is_some() {
                self.wait().await;
            }
            if Instant::now() >= self.ends_at {
                return None;
            }
            self.looked_at = Instant::now();
            self.end.mark_unchanged();
            let Look { shown: found, next_within } = (self.look)().await?.into();
            self.next_within = next_within;
            match self.seen.replace(found) {
                // The page was rendered a moment ago, and may have missed a change since.
                None => return Some(Event::default().event("open-page").retry(RETRY_AFTER).data("now")),
                Some(before) if before != found => return Some(Event::default().event("changed").data("now")),
                Some(_) => {}
            }
        }
    }

    /// Waits until there are new events or the next look is due, but not longer than `LOOK_EVERY_MAX`.
    async fn wait(&mut self) {
        let changed = async {
            if self.end.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let _ = timeout(self.next_within.min(LOOK_EVERY_MAX), changed).await;
        sleep_until(self.looked_at + LOOK_EVERY_MIN).await;
    }
}
