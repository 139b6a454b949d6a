//! A log's topic on Kafka: the relay that writes it, and the feed that reads it. The only crate that knows the broker's
//! protocol.
