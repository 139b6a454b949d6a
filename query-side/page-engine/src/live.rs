//! Live pages: an event stream tells an open page that its content has changed, and the page asks for itself again. The
//! stream carries no content, so what a page shows comes from one place.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, stream};
use http_edge::{Problem, problem_catalogue::OVERLOADED};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    look::{Fingerprint, LOOK_EVERY_MAX, Look},
    pages::Pages,
};

/// The shortest time between two looks of a stream.
const LOOK_EVERY_MIN: Duration = Duration::from_secs(1);
/// The time after which a stream ends; the browser then opens a new one, which checks the sign-in again.
const STREAM_TIME_MAX: Duration = Duration::from_secs(10 * 60);
/// The time after which a browser opens a new stream, in milliseconds.
const RETRY_AFTER: Duration = Duration::from_secs(3);

struct LiveStream<L> {
    pages: Pages,
    topic: Option<Arc<str>>,
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
    /// events, at most once a second; the stream ends when it fails. A `Look` in place of a fingerprint says when the next
    /// one is due.
    ///
    /// Streams with the same `topic` show the same, and share their looks. Access to the topic is checked by the caller
    /// of this function; the stream itself carries no content.
    pub fn live<L, F, K>(&self, topic: Option<String>, look: L) -> Response
    where
        L: Fn() -> F + Send + 'static,
        F: Future<Output = Option<K>> + Send + 'static,
        K: Into<Look> + 'static,
    {
        let Ok(place) = Arc::clone(&self.streams.places).try_acquire_owned() else {
            return Problem::of(&OVERLOADED).retry_after(RETRY_AFTER.as_secs() as u32).into_response();
        };
        let now = Instant::now();
        let stream = LiveStream {
            pages: self.clone(),
            topic: topic.map(Into::into),
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
            let end = *self.end.borrow_and_update();
            let found = (self.look)();
            let look = async { found.await.map(Into::into) };
            let Look { shown: found, next_within } = match self.topic.clone() {
                Some(topic) => self.pages.streams.shared(topic, end, look).await?,
                None => look.await?,
            };
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
