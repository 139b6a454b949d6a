//! The comparison of a topic's tail with the log, in pieces: a long comparison must not outlive the relay's lease.

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
/// How long reading one piece may take.
const PIECE_TIME_MAX: Duration = Duration::from_millis(500);
/// How long the topic may give no records although there are more.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// The span of positions in a piece that is read from the log as one range. In a wider span each position is read
/// alone.
const SPAN_MAX: u64 = 20_000;

/// A comparison that is in progress.
pub(crate) struct Comparing {
    reading: Reading,
    tail: Tail,
    /// The offset of the next record.
    next: u64,
    /// The offset at which it ends. Later records come from a relay with an expired lease, and repeat existing ones.
    until: u64,
    heard: Instant,
}

impl Comparing {
    /// Begins after the mark if the record before it matches the mark; otherwise with the first record.
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

    /// True if the record before the mark's place is the log's event at the mark's position.
    async fn verify(&mut self, topic: &Topic, log: &Log, mark: Mark) -> Result<bool, TopicError> {
        let Some(place) = self.one(topic, mark.place - 1).await? else { return Ok(false) };
        let event = log.read(mark.position - 1, 1).await?.into_iter().next();
        Ok(place.position == mark.position && event.is_some_and(|event| event.id == place.id))
    }

    /// The position before the topic's first record: 0, unless records were deleted on purpose.
    async fn before_the_first(&mut self, topic: &Topic) -> Result<u64, TopicError> {
        let low = self.reading.low;
        if low == 0 || low == self.until {
            return Ok(0);
        }
        Ok(self.one(topic, low).await?.map_or(0, |place| place.position - 1))
    }

    /// The record at an offset. Reading continues after it.
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

    /// Compares one piece. True when it has reached the end.
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

    /// The mark up to which the topic holds everything, in order.
    pub fn mark(&self) -> Mark {
        self.tail.mark()
    }

    /// Stops reading, and returns the reader of the topic.
    pub fn into_reading(self) -> Result<Reading, TopicError> {
        self.reading.rest()?;
        Ok(self.reading)
    }

    async fn piece(&mut self, topic: &Topic) -> Result<Vec<(u64, RecordId)>, TopicError> {
        let source = topic.source();
        let until = self.until;
        // Polling blocks, for half a second at most.
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

/// The records that one read of a topic returned.
struct Piece {
    /// Each record's offset, with its position and id.
    places: Vec<(u64, RecordId)>,
    /// There are no records after them, whatever the offsets suggest.
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

/// The ids of the log's events at these positions.
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
