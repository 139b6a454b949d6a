//! The producer of one relay, from a comparison to the next failure. It is idempotent and sends in order. A record that
//! fails is never skipped: the producer is dropped, and the next one begins after a comparison.

use event_core::Raw;
use rdkafka::{
    ClientContext, Message,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseRecord, DeliveryResult, ProducerContext, ThreadedProducer},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::core::IN_FLIGHT_MAX;
use crate::{Topic, TopicError, address::REQUEST_MS_MAX, closing::Closing, record, topic::PARTITION};

/// The outcome of a record.
#[derive(Debug)]
pub enum Delivery {
    /// It is in the topic; `place` is the offset after it.
    Confirmed {
        position: u64,
        place: u64,
    },
    Failed {
        position: u64,
        error: KafkaError,
    },
}

struct Deliveries(UnboundedSender<Delivery>);

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "the relay's producer reported an error");
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, delivery: &DeliveryResult<'_>, position: usize) {
        let position = position as u64;
        let told = match delivery {
            Ok(record) => {
                Delivery::Confirmed { position, place: u64::try_from(record.offset()).unwrap_or_default() + 1 }
            }
            Err((error, _)) => Delivery::Failed { position, error: error.clone() },
        };
        // The receiver is gone once the relay has dropped this producer.
        let _ = self.0.send(told);
    }
}

/// A producer that is sending.
pub struct Sender {
    producer: Closing<ThreadedProducer<Deliveries>>,
    /// At most as many as there are records in flight.
    pub deliveries: UnboundedReceiver<Delivery>,
    topic: String,
    source: String,
    epoch: u64,
}

impl Sender {
    /// # Errors
    /// When the client refuses its settings.
    pub fn open(topic: &Topic, epoch: u64) -> Result<Sender, TopicError> {
        let mut config = topic.address.client("relay").map_err(|error| topic.unfit(error.to_string()))?;
        let (queue, request_ms) = ((2 * IN_FLIGHT_MAX).to_string(), REQUEST_MS_MAX.to_string());
        for (name, value) in [
            ("enable.idempotence", "true"),
            ("enable.gapless.guarantee", "true"),
            ("message.timeout.ms", "0"),
            ("request.timeout.ms", request_ms.as_str()),
            ("queue.buffering.max.messages", queue.as_str()),
            ("queue.buffering.max.kbytes", "65536"),
        ] {
            config.set(name, value);
        }
        // The address may set these, for brokers that lack zstd or accept only small requests.
        for (name, value) in [
            ("linger.ms", "2"),
            ("batch.size", "1000000"),
            ("compression.type", "zstd"),
            ("message.max.bytes", "1000000"),
        ] {
            if topic.address.property(name).is_none() {
                config.set(name, value);
            }
        }
        let (sender, deliveries) = unbounded_channel();
        let producer = Closing::new(config.create_with_context(Deliveries(sender))?);
        Ok(Sender { producer, deliveries, topic: topic.name(), source: topic.source(), epoch })
    }

    /// Queues an event for sending. False if the producer's queue is full: the event has to be queued later.
    ///
    /// # Errors
    /// When the event can never be queued.
    pub fn send(&self, event: &Raw) -> Result<bool, KafkaError> {
        let opaque = usize::try_from(event.position).unwrap_or(usize::MAX);
        let record = BaseRecord::with_opaque_to(&self.topic, opaque)
            .partition(PARTITION)
            .key(event.stream.as_str())
            .payload(&*event.data)
            .headers(record::headers(event, &self.source, self.epoch));
        match self.producer.open()?.send(record) {
            Ok(()) => Ok(true),
            // This is back-pressure, not a failure.
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(false),
            Err((error, _)) => Err(error),
        }
    }

    /// Drops the producer and the records in flight. This may take half a second.
    pub async fn drop(self) {
        self.producer.close().await;
    }
}
