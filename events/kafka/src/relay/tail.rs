//! The comparison of a topic's tail with the log, in pieces: a long one must not outlive the relay's lease.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use event_log::{Log, lease::Mark};
use uuid::Uuid;

use super::core::{InLog, Tail};
use crate::{
    Topic, TopicError,
    consumer::{Reading, TopicLook},
    record::{self, RecordId},
};

/// Records of one piece.
const RECORDS_MAX: usize = 5_000;
/// How long one piece may take to be read.
const PIECE_TIME_MAX: Duration = Duration::from_millis(500);
/// How long the topic may give nothing although there is more.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// Positions of a piece that are read from the log in one go; where they lie further apart, each is read alone.
const SPAN_MAX: u64 = 20_000;

/// A comparison under way.
pub(crate) struct Comparing {
    reading: Reading,
    tail: Tail,
    /// The offset of the next record.
    next: u64,
    /// Where it ends: what comes later is the work of somebody whose lease has run out, and repeats what is there.
    until: u64,
    heard: Instant,
}

impl Comparing {
    /// Begins after the mark, if the record before it is the one that it says; otherwise with the first record.
    pub async fn begin(topic: &Topic, log: &Log, mark: Mark) -> Result<Comparing, TopicError> {
        let opened = topic.clone();
        let reading = tokio::task::spawn_blocking(move || Reading::open(&opened)).await??;
        let (low, until) = (reading.low, reading.high);
        let mut comparing = Comparing { reading, tail: Tail::after(mark), next: low, until, heard: Instant::now() };
        let inside = mark.position > 0 && low < mark.place && mark.place <= until;
        if inside && comparing.verify(topic, log, mark).await? {
            return Ok(comparing);
        }
        comparing.tail = Tail::after(Mark { position: comparing.before_the_first(topic).await?, place: low });
        comparing.reading.place(low)?;
        comparing.next = low;
        Ok(comparing)
    }

    /// Looks whether the record before the mark's place is the log's event at its position.
    async fn verify(&mut self, topic: &Topic, log: &Log, mark: Mark) -> Result<bool, TopicError> {
        let Some(place) = self.one(topic, mark.place - 1).await? else { return Ok(false) };
        let event = log.read(mark.position - 1, 1).await?.into_iter().next();
        Ok(place.position == mark.position && event.is_some_and(|event| event.id == place.id))
    }

    /// The position before the topic's first record: 0, unless somebody has deleted records on purpose.
    async fn before_the_first(&mut self, topic: &Topic) -> Result<u64, TopicError> {
        let low = self.reading.low;
        if low == 0 || low == self.until {
            return Ok(0);
        }
        Ok(self.one(topic, low).await?.map_or(0, |place| place.position - 1))
    }

    /// The record at an offset; the one after it is next.
    async fn one(&mut self, topic: &Topic, offset: u64) -> Result<Option<RecordId>, TopicError> {
        self.reading.place(offset)?;
        self.next = offset;
        let end = self.until;
        self.until = offset + 1;
        let deadline = Instant::now() + SILENCE_MAX;
        let mut places = Vec::new();
        while places.is_empty() && self.next < self.until && Instant::now() < deadline {
            places = self.piece(topic).await?;
        }
        self.until = end;
        Ok(places.first().map(|(_, place)| *place))
    }

    /// One piece; true when it has come to the end.
    pub async fn go_on(&mut self, topic: &Topic, log: &Log) -> Result<bool, TopicError> {
        if self.next >= self.until {
            return Ok(true);
        }
        let places = self.piece(topic).await?;
        if places.is_empty() && self.heard.elapsed() > SILENCE_MAX {
            return Err(topic.unfit("it gives no records although there are more".into()));
        }
        let ids = in_log(log, &places).await?;
        for (offset, place) in places {
            let in_log = ids.get(&place.position).map_or(InLog::Nothing, |id| InLog::Event(*id));
            self.tail.record(offset, place.position, place.id, in_log).map_err(TopicError::OtherHistory)?;
        }
        Ok(self.next >= self.until)
    }

    /// Up to where the topic holds everything in order.
    pub fn mark(&self) -> Mark {
        self.tail.mark()
    }

    /// The reader of the topic, which reads no more.
    pub fn into_reading(self) -> Result<Reading, TopicError> {
        self.reading.rest()?;
        Ok(self.reading)
    }

    async fn piece(&mut self, topic: &Topic) -> Result<Vec<(u64, RecordId)>, TopicError> {
        let source = topic.source();
        let until = self.until;
        // Polling waits by itself, for half a second at most.
        let Piece { places, is_at_end } = tokio::task::block_in_place(|| read(&self.reading, &source, until))?;
        if let Some((offset, _)) = places.last() {
            (self.next, self.heard) = (offset + 1, Instant::now());
        }
        if is_at_end {
            self.next = self.next.max(until);
        }
        Ok(places)
    }
}

/// What was read of a topic in one go.
struct Piece {
    /// Each record's offset and place.
    places: Vec<(u64, RecordId)>,
    /// There is nothing after them, whatever the offsets say.
    is_at_end: bool,
}

fn read(reading: &Reading, source: &str, until: u64) -> Result<Piece, TopicError> {
    let deadline = Instant::now() + PIECE_TIME_MAX;
    let (mut places, mut is_at_end) = (Vec::new(), false);
    while places.len() < RECORDS_MAX && places.last().is_none_or(|(offset, _)| offset + 1 < until) {
        let found = match reading.next(deadline.saturating_duration_since(Instant::now()))? {
            TopicLook::Record(found) => found,
            TopicLook::End => {
                is_at_end = true;
                break;
            }
            TopicLook::Nothing => break,
        };
        let place = record::place(&found, source).map_err(|foreign| TopicError::OtherHistory(foreign.to_string()))?;
        places.push((u64::try_from(rdkafka::Message::offset(&found)).unwrap_or_default(), place));
    }
    Ok(Piece { places, is_at_end })
}

/// The ids that the log has at these positions.
async fn in_log(log: &Log, places: &[(u64, RecordId)]) -> Result<HashMap<u64, Uuid>, TopicError> {
    let positions = || places.iter().map(|(_, place)| place.position);
    let (Some(first), Some(last)) = (positions().min(), positions().max()) else { return Ok(HashMap::new()) };
    let mut ids = HashMap::with_capacity(places.len());
    if last - first < SPAN_MAX {
        let mut after = first.saturating_sub(1);
        while after < last {
            let page = log.read(after, usize::try_from(last - after).unwrap_or(usize::MAX)).await?;
            let Some(end) = page.last().map(|event| event.position) else { break };
            ids.extend(page.into_iter().map(|event| (event.position, event.id)));
            after = end;
        }
        return Ok(ids);
    }
    for position in positions() {
        let event = log.read(position.saturating_sub(1), 1).await?.into_iter().next();
        ids.extend(event.map(|event| (event.position, event.id)));
    }
    Ok(ids)
}
