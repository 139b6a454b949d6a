//! Real servers on this machine, for tests, benchmarks and manual use: PostgreSQL, Apache Kafka, and on them the whole
//! distributed system (`system`, `make up`). Each ends with the process that uses it. A server that cannot be started
//! is a panic that says what is missing, because a test that needs it must not pass without it.

pub mod kafka;
pub mod postgres;
mod process;
pub mod silence;
pub mod system;
