//! Reads a topic's only partition from an offset on. Only dedicated threads read, because polling a consumer may block.
//! Readers use no consumer group: each keeps its own offset.

use std::time::{Duration, Instant};

use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode},
    message::BorrowedMessage,
};

use crate::{
    Topic, TopicError,
    address::FileStates,
    closing::Closing,
    topic::{ANSWER_TIME_MAX, PARTITION},
};

/// The result of one read of the topic.
pub(crate) enum TopicLook<'a> {
    Record(BorrowedMessage<'a>),
    /// The reader is at the topic's end. The last record need not be directly before it: markers of transactions and
    /// records of aborted transactions also take offsets, but are never returned.
    End,
    /// No record came in time. There may still be more records.
    Nothing,
}

/// Logs what the client reports. To the client, the end of a topic is an error, which a follower meets after every event.
struct ReaderReports;

impl ClientContext for ReaderReports {
    fn error(&self, error: KafkaError, reason: &str) {
        if error != KafkaError::Global(RDKafkaErrorCode::PartitionEOF) {
            tracing::warn!(%error, reason, "the reader of a topic reported an error");
        }
    }
}

impl ConsumerContext for ReaderReports {}

/// A consumer of one topic, placed at an offset.
pub(crate) struct Reading {
    consumer: Closing<BaseConsumer<ReaderReports>>,
    name: String,
    files: FileStates,
    /// The first offset in the topic.
    pub low: u64,
    /// The offset after the last record, at the time of opening.
    pub high: u64,
}

impl Topic {
    /// The first offset and the one after the last record.
    ///
    /// # Errors
    /// When the topic is missing, or no broker answers.
    pub async fn ends(&self) -> Result<(u64, u64), TopicError> {
        let topic = self.clone();
        let opened = tokio::task::spawn_blocking(move || Reading::open(&topic)).await??;
        Ok((opened.low, opened.high))
    }
}

impl Reading {
    /// Opens a reader, which has no offset yet. Blocks until the brokers have answered.
    ///
    /// # Errors
    /// When the topic is missing, or no broker answers.
    pub fn open(topic: &Topic) -> Result<Reading, TopicError> {
        let files = topic.address.file_states();
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
        let consumer: BaseConsumer<ReaderReports> = config.create_with_context(ReaderReports)?;
        let name = topic.name();
        let (low, high) = consumer.fetch_watermarks(&name, PARTITION, ANSWER_TIME_MAX)?;
        let consumer = Closing::new(consumer);
        Ok(Reading { consumer, name, files, low: unsigned(low), high: unsigned(high) })
    }

    /// True if certificates or the password were replaced since it was opened. It still uses the old ones, which the
    /// brokers may refuse at its next connection.
    pub fn is_outdated(&self, topic: &Topic) -> bool {
        topic.address.has_new_files_since(&self.files)
    }

    /// Places the reader: the next record is the one at `offset`.
    ///
    /// # Errors
    /// When the client refuses.
    pub fn place(&self, offset: u64) -> Result<(), KafkaError> {
        let mut assigned = TopicPartitionList::with_capacity(1);
        let offset = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
        assigned.add_partition_offset(&self.name, PARTITION, offset)?;
        self.consumer.open()?.assign(&assigned)
    }

    /// The offset of the first record that was sent at this time (milliseconds since 1970) or later; `None` if there is
    /// none yet. Blocks.
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

    /// Stops reading records.
    ///
    /// # Errors
    /// When the client refuses.
    pub fn rest(&self) -> Result<(), KafkaError> {
        self.consumer.open()?.unassign()
    }

    /// The current offset after the last record. Blocks.
    ///
    /// # Errors
    /// When the topic no longer exists, or no broker answers.
    pub fn ends_at(&self) -> Result<u64, KafkaError> {
        let (_, high) = self.consumer.open()?.fetch_watermarks(&self.name, PARTITION, ANSWER_TIME_MAX)?;
        Ok(unsigned(high))
    }

    /// The next record, if one comes within this time.
    ///
    /// # Errors
    /// When the reader has to be opened again.
    pub fn next(&self, at_most: Duration) -> Result<TopicLook<'_>, KafkaError> {
        let (consumer, deadline) = (self.consumer.open()?, Instant::now() + at_most);
        loop {
            match consumer.poll(deadline.saturating_duration_since(Instant::now())) {
                Some(Ok(record)) => return Ok(TopicLook::Record(record)),
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(TopicLook::End),
                Some(Err(error)) if !is_passing(&error) => return Err(error),
                // The client reconnects by itself to a broker that is away.
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
