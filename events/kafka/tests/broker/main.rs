//! Relay and feed on a real Kafka.

mod common;
mod faults;
mod topics;
mod transport;
