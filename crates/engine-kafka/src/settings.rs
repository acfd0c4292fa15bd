//! What topics are set to, held against what they have to be: one may have been made by hand, or set otherwise since.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AlterConfig, ConfigEntry, ConfigResource, ConfigSource, ResourceSpecifier,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;

use crate::topics::{Topics, of_each_partition, options};
use crate::{KafkaConfig, KafkaError};

const RETENTION: &str = "retention.ms";
const IN_SYNC: &str = "min.insync.replicas";

/// What the topic of the readings has to be set to, and why.
pub(crate) const OF_READINGS: [(&str, &str, &str); 2] = [
    // Rule 14.
    ("message.timestamp.type", "LogAppendTime", "the age of a reading is judged by the log's own time"),
    ("cleanup.policy", "delete", "any other one removes readings that nobody has decided yet"),
];

/// Refuses a topic of readings that would lose some, or count some twice; warns of one that may. Gives how long it keeps
/// records, where this user may know.
pub(crate) async fn check(config: &KafkaConfig) -> Result<Option<Duration>, KafkaError> {
    let name = config.readings();
    let Some(set) = settings_of(config, &name).await? else {
        tracing::warn!(
            "what {name} is set to can't be looked at: DescribeConfigs is not allowed to this user"
        );
        return Ok(None);
    };
    must_be_right(config, &set)?;
    let copies = copies_of(config, &name).await?;
    if copies > 1 {
        warn_of_fewer_copies(config, copies).await?;
        if is(&set, IN_SYNC) == "1" {
            tracing::warn!(
                "topic {name} has {IN_SYNC}=1: a reading is accepted when one broker has it, and may be lost with it"
            );
        }
    }
    if is(&set, "retention.bytes") != "-1" {
        tracing::warn!("topic {name} has retention.bytes: records may go before they are decided");
    }
    // Less than none is for ever.
    Ok(Some(is(&set, RETENTION).parse().map_or(Duration::MAX, Duration::from_millis)))
}

/// Than that of the readings has. Where that has one, brokers are not asked: no topic has fewer.
async fn warn_of_fewer_copies(config: &KafkaConfig, copies: u32) -> Result<(), KafkaError> {
    for other in [config.live(), config.dead()] {
        let fewer = copies_of(config, &other).await?;
        if (1..copies).contains(&fewer) {
            tracing::warn!(
                "topic {other} has {fewer} copies and {} {copies}: while the broker of a topic with one copy is away, \
                 nothing is stored",
                config.readings()
            );
        }
    }
    Ok(())
}

/// Has the topic of the readings keep them as long as is configured, where it is there: a line for each thing that was done.
/// Warns of another number of copies. Comes before rows are kept for less time: they outlive the records (rule 14).
pub async fn settle(config: &KafkaConfig, topics: Topics) -> Result<Vec<String>, KafkaError> {
    let name = config.readings();
    let copies = copies_of(config, &name).await?;
    if copies == 0 {
        return Ok(Vec::new());
    }
    if copies != topics.replication {
        tracing::warn!(
            "topic {name} has {copies} copies of a record, and kafka-replication is {}: see \"More copies\" in docs/OPERATIONS.md",
            topics.replication
        );
    }
    let Some(set) = settings_of(config, &name).await? else {
        return Err(KafkaError::Refused(format!(
            "how long {name} keeps records can't be looked at: this user needs DescribeConfigs and AlterConfigs on it"
        )));
    };
    must_be_right(config, &set)?;
    let in_sync = is(&set, IN_SYNC);
    if copies == topics.replication && in_sync != topics.in_sync.to_string() {
        tracing::warn!(
            "topic {name} has {IN_SYNC}={in_sync}, and {} belongs to {copies} copies: set it with kafka-configs.sh",
            topics.in_sync
        );
    }
    let (wanted, kept) = (topics.retention.as_millis().to_string(), is(&set, RETENTION));
    if kept == wanted {
        return Ok(Vec::new());
    }
    alter(config, &name, &set, (RETENTION, &wanted)).await?;
    Ok(vec![format!("topic {name} keeps records {}; it was {}", days(&wanted), days(kept))])
}

fn must_be_right(config: &KafkaConfig, set: &ConfigResource) -> Result<(), KafkaError> {
    for (setting, wanted, why) in OF_READINGS {
        let found = is(set, setting);
        if found != wanted {
            let topic = config.readings();
            return Err(KafkaError::Refused(format!(
                "topic {topic} has {setting}={found}; it has to be {wanted}, because {why}: set it with kafka-configs.sh"
            )));
        }
    }
    Ok(())
}

fn is<'a>(set: &'a ConfigResource, setting: &str) -> &'a str {
    set.get(setting).and_then(|entry| entry.value.as_deref()).unwrap_or_default()
}

/// None where this user may not look.
async fn settings_of(config: &KafkaConfig, topic: &str) -> Result<Option<ConfigResource>, KafkaError> {
    let asked = [ResourceSpecifier::Topic(topic)];
    let answer = admin(config)?.describe_configs(&asked, &options()).await;
    match answer.map_err(|error| config.away(error))?.into_iter().next() {
        Some(Ok(set)) => Ok(Some(set)),
        Some(Err(
            RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed,
        )) => Ok(None),
        Some(Err(code)) => Err(config.away(format!("what {topic} is set to is not told: {code}"))),
        None => Err(config.away(format!("what {topic} is set to is not told"))),
    }
}

/// Sets one thing. Kafka takes a topic's settings as a whole, so those that were set before are set again.
async fn alter(
    config: &KafkaConfig,
    topic: &str,
    before: &ConfigResource,
    (setting, value): (&str, &str),
) -> Result<(), KafkaError> {
    let is_own = |entry: &&ConfigEntry| entry.source == ConfigSource::DynamicTopic;
    let mut entries: HashMap<&str, &str> = before
        .entries
        .iter()
        .filter(is_own)
        .filter_map(|entry| Some((entry.name.as_str(), entry.value.as_deref()?)))
        .collect();
    entries.insert(setting, value);
    let altered = AlterConfig { specifier: ResourceSpecifier::Topic(topic), entries };
    let answer = admin(config)?.alter_configs(&[altered], &options()).await;
    for result in answer.map_err(|error| config.away(error))? {
        result.map_err(|(_, code)| config.away(format!("{setting} of {topic} can't be set: {code}")))?;
    }
    Ok(())
}

/// The fewest copies that any partition has; 0 where there is no such topic.
async fn copies_of(config: &KafkaConfig, topic: &str) -> Result<u32, KafkaError> {
    let copies = of_each_partition(config, topic, |partition| partition.replicas().len() as u32).await?;
    Ok(copies.into_iter().min().unwrap_or(0))
}

fn admin(config: &KafkaConfig) -> Result<AdminClient<DefaultClientContext>, KafkaError> {
    config.client().create().map_err(|error| config.away(error))
}

/// Of a number of milliseconds; less than none is for ever.
fn days(ms: &str) -> String {
    match ms.parse::<u64>().map(Duration::from_millis) {
        Ok(kept) => format!("for {:.1} days", kept.as_secs_f64() / 86_400.0),
        Err(_) => "for ever".to_owned(),
    }
}
