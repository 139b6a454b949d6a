//! Real servers on this machine, for tests: PostgreSQL and Apache Kafka. Each ends with the process that uses it. What
//! cannot be started is a panic that says what is missing: a test that needs it must not pass without it.

pub mod kafka;
pub mod postgres;
