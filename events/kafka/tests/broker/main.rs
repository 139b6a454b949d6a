//! Relay and feed on a real Kafka.

mod common;
mod faults;
mod foreign;
mod topics;
mod transport;
