//! A thread that reads a topic and passes its events on in chunks, a limited number of them ahead.

use std::time::Duration;

use event_core::{LogName, Raw};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::core::begins_at;
use crate::{
    Topic, TopicError,
    consumer::{Reading, TopicLook},
    record::{self, Foreign},
};

/// The limits of one chunk: events, and approximately bytes of data.
const CHUNK_EVENTS_MAX: usize = 500;
const CHUNK_BYTES_MAX: usize = 512 * 1024;
/// Chunks that are read ahead of the follower.
const CHUNKS_AHEAD_MAX: usize = 16;
/// How long reading the record at a hint may take, before the reader begins without the hint.
const HINT_TIME_MAX: Duration = Duration::from_secs(2);
/// How long the thread waits for a record before it checks that the receiver still exists.
const POLL_TIME: Duration = Duration::from_millis(100);

pub(super) enum Chunk {
    Events(Vec<Raw>),
    /// A record that is not an event of this log. Nothing after it is trusted.
    Foreign(Foreign),
    /// The topic has to be opened again.
    Lost(String),
}

/// The records of a topic, as they are read. The thread ends soon after this is dropped.
pub(super) struct Records(Receiver<Chunk>);

impl Records {
    /// Reads from the earliest offset that the event after position `after` can have. `since_ms`: a time before which
    /// that event was not sent, if the clocks are right.
    pub fn after(topic: Topic, after: u64, since_ms: Option<i64>) -> Records {
        let (sender, records) = channel(CHUNKS_AHEAD_MAX);
        std::thread::spawn(move || {
            if let Err(error) = read(&topic, after, since_ms, &sender) {
                // The receiver may be gone.
                let _ = sender.blocking_send(Chunk::Lost(error.to_string()));
            }
        });
        Records(records)
    }

    /// The next chunk; `None` when the thread has ended.
    pub async fn next(&mut self) -> Option<Chunk> {
        self.0.recv().await
    }

    /// A chunk that has already arrived.
    pub fn at_once(&mut self) -> Option<Chunk> {
        self.0.try_recv().ok()
    }
}

/// Reads until the receiver is gone, or a foreign record has been passed on.
fn read(topic: &Topic, after: u64, since_ms: Option<i64>, to: &Sender<Chunk>) -> Result<(), TopicError> {
    let reading = Reading::open(topic)?;
    let source = topic.source();
    let hint = since_ms.map(|since_ms| hint(&reading, &source, after, since_ms)).transpose()?.flatten();
    reading.place(begins_at(after, hint).clamp(reading.low, reading.high.max(reading.low)))?;
    while !to.is_closed() {
        let Some(chunk) = chunk(&reading, &source, topic.log)? else { continue };
        let is_foreign = matches!(chunk, Chunk::Foreign(_));
        if to.blocking_send(chunk).is_err() || is_foreign {
            return Ok(());
        }
    }
    Ok(())
}

/// The offset and the position of the first record that was sent at this time or later.
fn hint(reading: &Reading, source: &str, after: u64, since_ms: i64) -> Result<Option<(u64, u64)>, TopicError> {
    let Some(offset) = reading.since(since_ms)?.filter(|offset| *offset > after) else { return Ok(None) };
    reading.place(offset)?;
    match reading.next(HINT_TIME_MAX)? {
        // A foreign record gives no hint. It is found again when the reading begins.
        TopicLook::Record(found) => Ok(record::place(&found, source).ok().map(|place| (offset, place.position))),
        TopicLook::End | TopicLook::Nothing => Ok(None),
    }
}

/// The records that are available now. Waits only for the first one.
fn chunk(reading: &Reading, source: &str, log: LogName) -> Result<Option<Chunk>, TopicError> {
    let (mut events, mut bytes, mut patience) = (Vec::new(), 0, POLL_TIME);
    while events.len() < CHUNK_EVENTS_MAX && bytes < CHUNK_BYTES_MAX {
        let found = match reading.next(patience)? {
            TopicLook::Record(found) => found,
            // This is the current end: more records may come.
            TopicLook::End if events.is_empty() => continue,
            TopicLook::End | TopicLook::Nothing => break,
        };
        patience = Duration::ZERO;
        let event = record::place(&found, source).and_then(|place| record::event(&found, log, place));
        match event {
            Ok(event) => {
                bytes += event.data.len();
                events.push(event);
            }
            // The events before a foreign record come first. The record is then read again, alone.
            Err(foreign) if events.is_empty() => return Ok(Some(Chunk::Foreign(foreign))),
            Err(_) => {
                reading.place(u64::try_from(rdkafka::Message::offset(&found)).unwrap_or_default())?;
                break;
            }
        }
    }
    Ok((!events.is_empty()).then_some(Chunk::Events(events)))
}
