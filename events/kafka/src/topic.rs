//! The topic of a log: its name, its settings, and the check that an existing topic can hold a log.

use std::{collections::HashMap, time::Duration};

use event_core::LogName;
use rdkafka::{
    admin::{AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
    error::{KafkaError, RDKafkaErrorCode},
};
use uuid::Uuid;

use crate::{Address, TopicError, closing::Closing};

type TopicAdmin = Closing<AdminClient<DefaultClientContext>>;

/// Bytes of the largest record that a topic must accept: an event's data is 256 KiB at most, its headers far less.
pub const RECORD_BYTES_MIN: u64 = 512 * 1024;
/// Bytes of the largest batch in a topic that is created here.
const RECORD_BYTES: &str = "1048588";
/// The number of replicas, if there are as many brokers.
const REPLICATION: i32 = 3;
/// How long the brokers may take to answer.
pub(crate) const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// The only partition of every topic.
pub(crate) const PARTITION: i32 = 0;

/// The topic of one log.
#[derive(Debug, Clone)]
pub struct Topic {
    pub address: Address,
    pub log: LogName,
    pub lineage: Uuid,
}

impl Topic {
    /// `frontdoor.<log>.<lineage>`
    pub fn name(&self) -> String {
        format!("frontdoor.{}.{}", self.log, self.lineage)
    }

    /// The source that all records of the topic carry.
    pub fn source(&self) -> String {
        crate::record::source(self.log, self.lineage)
    }

    /// Creates the topic if it is missing, or checks that it can hold a log.
    ///
    /// # Errors
    /// `Unfit` says which setting is wrong. `Broker` while another process creates it: the next call finds it.
    pub async fn prepare(&self) -> Result<(), TopicError> {
        if self.is_there().await? { Ok(()) } else { self.make().await }
    }

    /// False if the topic is missing; true if it exists and can hold a log.
    ///
    /// # Errors
    /// `Unfit` if the topic cannot hold a log; the error says which setting is wrong.
    pub async fn is_there(&self) -> Result<bool, TopicError> {
        let (admin, _, partitions) = self.found().await?;
        match partitions {
            None => Ok(false),
            Some(1) => self.look(admin.open()?).await.map(|()| true),
            Some(partitions) => {
                Err(self
                    .unfit(format!("it has {partitions} partitions; with more than one the order of the log is lost")))
            }
        }
    }

    /// A client for the topic, the number of brokers, and the number of the topic's partitions if it exists.
    async fn found(&self) -> Result<(TopicAdmin, usize, Option<usize>), TopicError> {
        let config = self.address.client("admin").map_err(|error| self.unfit(error.to_string()))?;
        let admin: TopicAdmin = Closing::new(config.create()?);
        let name = self.name();
        let (admin, found) = tokio::task::spawn_blocking(move || {
            let metadata = admin.open()?.inner().fetch_metadata(Some(&name), ANSWER_TIME_MAX)?;
            let topic = metadata.topics().iter().find(|topic| topic.name() == name);
            let told = topic.map(|topic| (topic.error().map(RDKafkaErrorCode::from), topic.partitions().len()));
            Ok::<_, KafkaError>((admin, (metadata.brokers().len(), partitions(told)?)))
        })
        .await??;
        Ok((admin, found.0, found.1))
    }

    /// Creates the topic.
    ///
    /// # Errors
    /// `Broker` while another process creates it: the next call finds it.
    pub async fn make(&self) -> Result<(), TopicError> {
        let (admin, brokers, _) = self.found().await?;
        let name = self.name();
        let copies = i32::try_from(brokers).unwrap_or(REPLICATION).clamp(1, REPLICATION);
        // With fewer than three brokers, a required second copy would stop all writes as soon as one broker is lost.
        let confirmed = if copies == REPLICATION { "2" } else { "1" };
        let new = NewTopic::new(&name, 1, TopicReplication::Fixed(copies))
            .set("cleanup.policy", "delete")
            .set("retention.ms", "-1")
            .set("retention.bytes", "-1")
            .set("max.message.bytes", RECORD_BYTES)
            .set("min.insync.replicas", confirmed)
            .set("unclean.leader.election.enable", "false");
        let options = AdminOptions::new().operation_timeout(Some(ANSWER_TIME_MAX));
        for made in admin.open()?.create_topics([&new], &options).await? {
            match made {
                Ok(name) => tracing::info!(topic = name, copies, "a topic was created"),
                Err((_, code)) => return Err(KafkaError::AdminOp(code).into()),
            }
        }
        Ok(())
    }

    async fn look(&self, admin: &AdminClient<DefaultClientContext>) -> Result<(), TopicError> {
        let name = self.name();
        let options = AdminOptions::new().request_timeout(Some(ANSWER_TIME_MAX));
        let described = admin.describe_configs([&ResourceSpecifier::Topic(&name)], &options).await?;
        for described in described {
            let described = described.map_err(KafkaError::AdminOp)?;
            fit(&settings(&described)).map_err(|why| self.unfit(why))?;
        }
        Ok(())
    }

    pub(crate) fn unfit(&self, why: String) -> TopicError {
        TopicError::Unfit { topic: self.name(), why }
    }
}

/// The number of partitions of a topic, from its metadata: its error, and the number of partitions listed. `None` if
/// the topic does not exist. Every other error is temporary and says nothing about the topic.
fn partitions(told: Option<(Option<RDKafkaErrorCode>, usize)>) -> Result<Option<usize>, KafkaError> {
    match told {
        None | Some((Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic), _)) => Ok(None),
        Some((Some(code), _)) => Err(KafkaError::MetadataFetch(code)),
        Some((None, count)) => Ok(Some(count)),
    }
}

fn settings(described: &ConfigResource) -> HashMap<&str, &str> {
    let set = described.entries.iter();
    set.filter_map(|entry| Some((entry.name.as_str(), entry.value.as_deref()?))).collect()
}

/// Checks that a topic with these settings keeps every event, complete and permanently.
fn fit(settings: &HashMap<&str, &str>) -> Result<(), String> {
    let text = |name: &str| settings.get(name).copied().unwrap_or_default();
    let number = |name: &str| text(name).parse::<i64>().ok();
    if text("cleanup.policy").contains("compact") {
        return Err("cleanup.policy is compact: it would drop all but the last event of a stream".into());
    }
    for name in ["retention.ms", "retention.bytes"] {
        // With tiered storage, this limit also covers the records in remote storage, so there must be none either.
        if let Some(limit) = number(name).filter(|limit| *limit >= 0) {
            return Err(format!("{name} is {limit}: events would be dropped; it has to be -1"));
        }
    }
    match number("max.message.bytes") {
        Some(bytes) if u64::try_from(bytes).is_ok_and(|bytes| bytes < RECORD_BYTES_MIN) => Err(format!(
            "max.message.bytes is {bytes}: an event may need {RECORD_BYTES_MIN}, and would stop all after it"
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_whose_leader_is_just_being_chosen_is_not_missing() {
        let passing = Some((Some(RDKafkaErrorCode::LeaderNotAvailable), 0));
        assert_eq!(partitions(passing), Err(KafkaError::MetadataFetch(RDKafkaErrorCode::LeaderNotAvailable)));
        assert_eq!(partitions(Some((Some(RDKafkaErrorCode::UnknownTopicOrPartition), 0))), Ok(None));
        assert_eq!(partitions(Some((None, 1))), Ok(Some(1)));
    }

    #[test]
    fn a_topic_that_would_lose_events_is_refused_with_the_reason() {
        let good = HashMap::from([
            ("cleanup.policy", "delete"),
            ("retention.ms", "-1"),
            ("retention.bytes", "-1"),
            ("max.message.bytes", RECORD_BYTES),
        ]);
        assert_eq!(fit(&good), Ok(()));
        for (name, value) in [
            ("cleanup.policy", "compact,delete"),
            ("retention.ms", "604800000"),
            ("retention.bytes", "1073741824"),
            ("max.message.bytes", "1000"),
        ] {
            let mut bad = good.clone();
            bad.insert(name, value);
            let why = fit(&bad).expect_err("is refused");
            assert!(why.contains(name), "{why}");
        }
    }
}
