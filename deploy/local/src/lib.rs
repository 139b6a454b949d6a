//! Real servers on this machine, for tests, benchmarks and people: PostgreSQL, Apache Kafka, and on them the whole
//! distributed system (`system`, `make up`). Each ends with the process that uses it. What
//! cannot be started is a panic that says what is missing: a test that needs it must not pass without it.

pub mod kafka;
pub mod postgres;
mod process;
pub mod silence;
pub mod system;
