//! Reading a topic's one partition from an offset on. Only ever from threads of its own: a consumer may block when it is
//! polled. No consumer group: whoever reads knows where.

use std::time::{Duration, Instant};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::BorrowedMessage,
};

use crate::{
    Topic, TopicError,
    closing::Closing,
    topic::{ANSWER_TIME_MAX, PARTITION},
};

/// What a look at the topic gave.
pub(crate) enum TopicLook<'a> {
    Record(BorrowedMessage<'a>),
    /// The reader is at the topic's end. The last record need not lie just before it: the marks of transactions and what an
    /// aborted one wrote take places, too, and are never given out.
    End,
    /// Nothing came in time. That does not mean that there is nothing.
    Nothing,
}

/// A consumer of one topic, placed at an offset.
pub(crate) struct Reading {
    consumer: Closing<BaseConsumer>,
    name: String,
    /// The first offset that there is.
    pub low: u64,
    /// The offset after the last record, when it was opened.
    pub high: u64,
}

impl Reading {
    /// Blocks until the brokers have answered. It is not placed yet.
    ///
    /// # Errors
    /// When there is no such topic, or no broker answers.
    pub fn open(topic: &Topic) -> Result<Reading, TopicError> {
        let mut config = topic.address.client("reader").map_err(|error| topic.unfit(error.to_string()))?;
        for (name, value) in [
            ("group.id", "frontdoor"),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "error"),
            ("enable.partition.eof", "true"),
            ("isolation.level", "read_committed"),
            ("queued.max.messages.kbytes", "16384"),
            ("queued.min.messages", "10000"),
            ("fetch.queue.backoff.ms", "50"),
            ("fetch.wait.max.ms", "100"),
            ("fetch.min.bytes", "1"),
        ] {
            config.set(name, value);
        }
        let consumer: BaseConsumer = config.create()?;
        let name = topic.name();
        let (low, high) = consumer.fetch_watermarks(&name, PARTITION, ANSWER_TIME_MAX)?;
        let consumer = Closing::new(consumer);
        Ok(Reading { consumer, name, low: unsigned(low), high: unsigned(high) })
    }

    /// The next record will be the one at `offset`.
    ///
    /// # Errors
    /// When the client refuses.
    pub fn place(&self, offset: u64) -> Result<(), KafkaError> {
        let mut assigned = TopicPartitionList::with_capacity(1);
        let offset = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
        assigned.add_partition_offset(&self.name, PARTITION, offset)?;
        self.consumer.open()?.assign(&assigned)
    }

    /// The first offset whose record was sent at this moment (milliseconds since 1970) or later; `None` if there is none
    /// yet. Blocks.
    ///
    /// # Errors
    /// When no broker answers.
    pub fn since(&self, sent_ms: i64) -> Result<Option<u64>, KafkaError> {
        let mut asked = TopicPartitionList::with_capacity(1);
        asked.add_partition_offset(&self.name, PARTITION, Offset::Offset(sent_ms))?;
        let answered = self.consumer.open()?.offsets_for_times(asked, ANSWER_TIME_MAX)?;
        let found = answered.find_partition(&self.name, PARTITION).and_then(|found| found.offset().to_raw());
        Ok(found.and_then(|offset| u64::try_from(offset).ok()))
    }

    /// Reads no more records.
    ///
    /// # Errors
    /// When the client refuses.
    pub fn rest(&self) -> Result<(), KafkaError> {
        self.consumer.open()?.unassign()
    }

    /// The offset after the last record, now. Blocks.
    ///
    /// # Errors
    /// When there is no such topic any more, or no broker answers.
    pub fn ends_at(&self) -> Result<u64, KafkaError> {
        let (_, high) = self.consumer.open()?.fetch_watermarks(&self.name, PARTITION, ANSWER_TIME_MAX)?;
        Ok(unsigned(high))
    }

    /// The next record, if one comes within this time.
    ///
    /// # Errors
    /// When it has to be opened again.
    pub fn next(&self, at_most: Duration) -> Result<TopicLook<'_>, KafkaError> {
        let (consumer, deadline) = (self.consumer.open()?, Instant::now() + at_most);
        loop {
            match consumer.poll(deadline.saturating_duration_since(Instant::now())) {
                Some(Ok(record)) => return Ok(TopicLook::Record(record)),
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(TopicLook::End),
                Some(Err(error)) if !is_passing(&error) => return Err(error),
                // A broker that is away comes back by itself.
                Some(Err(_)) | None if Instant::now() < deadline => {}
                Some(Err(_)) | None => return Ok(TopicLook::Nothing),
            }
        }
    }
}

fn is_passing(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
        )
    )
}

fn unsigned(offset: i64) -> u64 {
    u64::try_from(offset).unwrap_or_default()
}
