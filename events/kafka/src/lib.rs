//! A log's topic on Kafka: the relay that writes it, and the feed that reads it. No other crate uses the broker's
//! protocol.
//!
//! The log decides, the topic distributes. A topic has one partition, so its order is the order of positions. A topic
//! that is lost is filled again from the log. `relay::core` and `feed::core` decide what is sent, handed on, left out
//! or refused. They do no I/O, and a simulator drives them through millions of schedules (`simulation`).

mod address;
mod closing;
mod consumer;
pub mod feed;
pub mod record;
pub mod relay;
#[cfg(test)]
mod simulation;
pub mod topic;

pub use address::{Address, MalformedAddress};
pub use feed::FromKafka;
pub use relay::{Relay, Relayed};
pub use topic::Topic;

/// The reason why a topic cannot be used, now or at all.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// An operator has to correct the topic first.
    #[error("the topic {topic} is not fit for a log: {why}")]
    Unfit { topic: String, why: String },
    /// The topic and the log hold different histories.
    #[error("{0}")]
    OtherHistory(String),
    #[error("the broker: {0}")]
    Broker(#[from] rdkafka::error::KafkaError),
    #[error(transparent)]
    Log(#[from] event_log::LogError),
    #[error("a thread of the broker's client ended: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

impl TopicError {
    /// True if another attempt may succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            TopicError::Unfit { .. } | TopicError::OtherHistory(_) => false,
            TopicError::Broker(_) | TopicError::Thread(_) => true,
            TopicError::Log(error) => matches!(error, event_log::LogError::Read(_)),
        }
    }
}
