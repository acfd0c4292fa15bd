//! The topics, and what they are set to, held against what they have to be: one may have been made by hand, or set
//! otherwise since.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AlterConfig, ConfigEntry, ConfigResource, ConfigSource, ResourceSpecifier,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;

use crate::topics::{Topics, of_each_partition, options, partitions_of};
use crate::{KafkaConfig, KafkaError};

const RETENTION: &str = "retention.ms";
const IN_SYNC: &str = "min.insync.replicas";
const SEGMENT: &str = "segment.ms";

/// How long a segment of the topic of readings may be: Kafka deletes whole ones, so records are kept that much longer, for
/// which rule 14 has room.
pub(crate) const SEGMENT_MAX: Duration = Duration::from_secs(86_400);

/// Something that a topic has to be set to, and why.
type Must = (&'static str, &'static str, &'static str);

const OF_READINGS: [Must; 2] = [
    // Rule 14.
    ("message.timestamp.type", "LogAppendTime", "the age of a reading is judged by the log's own time"),
    ("cleanup.policy", "delete", "any other one removes readings that nobody has decided yet"),
];
const OF_DEAD_LETTERS: [Must; 1] =
    [("cleanup.policy", "delete", "any other one keeps a meter's last letter and removes the others")];
const OF_LIVE_ROWS: [Must; 1] =
    [("cleanup.policy", "delete", "any other one removes rows that web nodes have not read yet")];

/// What a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Readings,
    DeadLetters,
    LiveRows,
}

/// One of the three.
pub(crate) struct Topic {
    pub(crate) name: String,
    of: Of,
    pub(crate) must: &'static [Must],
}

impl KafkaConfig {
    /// All three. That of the readings comes first.
    pub(crate) fn topics(&self) -> [Topic; 3] {
        [
            Topic { name: self.readings(), of: Of::Readings, must: &OF_READINGS },
            Topic { name: self.dead(), of: Of::DeadLetters, must: &OF_DEAD_LETTERS },
            Topic { name: self.live(), of: Of::LiveRows, must: &OF_LIVE_ROWS },
        ]
    }
}

impl Topic {
    pub(crate) fn is_of_readings(&self) -> bool {
        self.of == Of::Readings
    }

    /// How long it keeps records, as configured.
    pub(crate) fn kept(&self, topics: &Topics) -> Duration {
        match self.of {
            Of::Readings => topics.retention,
            Of::DeadLetters => topics.dead_retention,
            Of::LiveRows => topics.live_retention,
        }
    }

    fn must_be_right(&self, set: &ConfigResource) -> Result<(), KafkaError> {
        for (setting, wanted, why) in self.must {
            let (topic, found) = (&self.name, is(set, setting));
            if found != *wanted {
                return Err(KafkaError::Refused(format!(
                    "topic {topic} has {setting}={found}; it has to be {wanted}, because {why}: set it with kafka-configs.sh"
                )));
            }
        }
        Ok(())
    }

    /// What is otherwise than `topics` would have it, a sentence each; nothing of a topic that is not there, or that this user
    /// may not look at.
    async fn differs(&self, config: &KafkaConfig, topics: &Topics) -> Result<Vec<String>, KafkaError> {
        let (name, mut all) = (&self.name, Vec::new());
        let copies = copies_of(config, name).await?;
        let Some(Seen::Set(set)) = settings_of(config, name).await? else { return Ok(all) };
        if copies != topics.replication {
            all.push(format!(
                "topic {name} has {copies} copies of a record, and kafka-replication is {}: see \"More copies\" in \
                 docs/OPERATIONS.md",
                topics.replication
            ));
        } else if is(&set, IN_SYNC) != topics.in_sync.to_string() {
            all.push(format!(
                "topic {name} has {IN_SYNC}={}, and {} belongs to {copies} copies: set it with kafka-configs.sh",
                is(&set, IN_SYNC),
                topics.in_sync
            ));
        }
        let (wanted, kept) = (self.kept(topics).as_millis().to_string(), is(&set, RETENTION));
        if kept != wanted {
            all.push(format!(
                "topic {name} keeps records {}, and the last `wattmap migrate` had it keep them {}: run it again",
                days(kept),
                days(&wanted)
            ));
        }
        Ok(all)
    }

    /// Has it keep records as long as is configured, where it is there: a line for each thing that was done.
    async fn settle(&self, config: &KafkaConfig, topics: &Topics) -> Result<Vec<String>, KafkaError> {
        let name = &self.name;
        if copies_of(config, name).await? == 0 {
            return Ok(Vec::new());
        }
        let Some(Seen::Set(set)) = settings_of(config, name).await? else {
            return Err(KafkaError::Refused(format!(
                "how long {name} keeps records can't be looked at: this user needs DescribeConfigs and AlterConfigs on it"
            )));
        };
        self.must_be_right(&set)?;
        let mut done = Vec::new();
        let (longest, segment) = (SEGMENT_MAX.as_millis().to_string(), is(&set, SEGMENT));
        let is_too_long = self.is_of_readings()
            && segment.parse::<u64>().map_or(true, |ms| u128::from(ms) > SEGMENT_MAX.as_millis());
        let (wanted, kept) = (self.kept(topics).as_millis().to_string(), is(&set, RETENTION));
        let mut altered = Vec::new();
        if is_too_long {
            altered.push((SEGMENT, longest.as_str()));
            done.push(format!(
                "topic {name} closes its segments after a day; they were open {}",
                days(segment)
            ));
        }
        if kept != wanted {
            altered.push((RETENTION, wanted.as_str()));
            done.push(format!("topic {name} keeps records {}; it was {}", days(&wanted), days(kept)));
        }
        if !altered.is_empty() {
            alter(config, name, &set, &altered).await?;
        }
        Ok(done)
    }
}

/// Refuses topics that would lose records, or count some twice; warns of what may. Gives how long that of the readings keeps
/// them, where this user may know.
pub(crate) async fn check(config: &KafkaConfig) -> Result<Option<Duration>, KafkaError> {
    let mut kept = None;
    for topic in config.topics() {
        let name = &topic.name;
        let set = match settings_of(config, name).await? {
            Some(Seen::Set(set)) => set,
            Some(Seen::NotAllowed) => {
                tracing::warn!(
                    "what {name} is set to can't be looked at: DescribeConfigs is not allowed to this user"
                );
                continue;
            }
            // Whoever needs it says so.
            None => continue,
        };
        topic.must_be_right(&set)?;
        if topic.is_of_readings() {
            warn_of_loss(config, &set).await?;
            kept = Some(kept_by(&set));
        }
    }
    Ok(kept)
}

/// How long the topic of readings keeps them, but for the last day, for which there is room: less than none is for ever.
fn kept_by(set: &ConfigResource) -> Duration {
    let of = |setting| is(set, setting).parse().map_or(Duration::MAX, Duration::from_millis);
    of(RETENTION).saturating_add(of(SEGMENT).saturating_sub(SEGMENT_MAX))
}

/// Whether all three are there, and set to what they have to be: in a few words.
pub async fn topics(config: &KafkaConfig) -> Result<String, KafkaError> {
    let mut all = Vec::new();
    for topic in config.topics() {
        let partitions = partitions_of(config, &topic.name).await?;
        if partitions == 0 {
            let (brokers, why) = (config.brokers.join(","), format!("there is no topic {}", topic.name));
            return Err(KafkaError::NotMigrated { brokers, why });
        }
        all.push(format!("{} of {partitions} partitions", topic.name));
    }
    check(config).await?;
    Ok(all.join(", "))
}

/// Of readings.
async fn warn_of_loss(config: &KafkaConfig, set: &ConfigResource) -> Result<(), KafkaError> {
    let name = config.readings();
    let copies = copies_of(config, &name).await?;
    if copies > 1 {
        warn_of_fewer_copies(config, copies).await?;
        if is(set, IN_SYNC) == "1" {
            tracing::warn!(
                "topic {name} has {IN_SYNC}=1: a reading is accepted when one broker has it, and may be lost with it"
            );
        }
    }
    if is(set, "retention.bytes") != "-1" {
        tracing::warn!("topic {name} has retention.bytes: records may go before they are decided");
    }
    Ok(())
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

/// What is otherwise than `topics` would have it, a sentence each.
pub async fn differences(config: &KafkaConfig, topics: Topics) -> Result<Vec<String>, KafkaError> {
    let mut all = Vec::new();
    for topic in config.topics() {
        all.extend(topic.differs(config, &topics).await?);
    }
    Ok(all)
}

/// Has topics keep records as long as is configured, where they are there: a line for each thing that was done. Comes before rows are kept for less time: they outlive the records (rule 14).
pub async fn settle(config: &KafkaConfig, topics: Topics) -> Result<Vec<String>, KafkaError> {
    let mut done = Vec::new();
    for topic in config.topics() {
        done.extend(topic.settle(config, &topics).await?);
    }
    Ok(done)
}

fn is<'a>(set: &'a ConfigResource, setting: &str) -> &'a str {
    set.get(setting).and_then(|entry| entry.value.as_deref()).unwrap_or_default()
}

/// What a topic is set to.
enum Seen {
    Set(ConfigResource),
    NotAllowed,
}

/// None where there is no such topic.
async fn settings_of(config: &KafkaConfig, topic: &str) -> Result<Option<Seen>, KafkaError> {
    use RDKafkaErrorCode as Code;
    let asked = [ResourceSpecifier::Topic(topic)];
    let answer = admin(config)?.describe_configs(&asked, &options()).await;
    match answer.map_err(|error| config.away(error))?.into_iter().next() {
        // Of a topic that is not there nothing is told.
        Some(Ok(set)) if set.entries.is_empty() => Ok(None),
        Some(Ok(set)) => Ok(Some(Seen::Set(set))),
        Some(Err(Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed)) => {
            Ok(Some(Seen::NotAllowed))
        }
        Some(Err(Code::UnknownTopicOrPartition | Code::UnknownTopic)) => Ok(None),
        Some(Err(code)) => Err(config.away(format!("what {topic} is set to is not told: {code}"))),
        None => Err(config.away(format!("what {topic} is set to is not told"))),
    }
}

/// Sets some things. Kafka takes a topic's settings as a whole, so those that were set before are set again.
async fn alter(
    config: &KafkaConfig,
    topic: &str,
    before: &ConfigResource,
    settings: &[(&str, &str)],
) -> Result<(), KafkaError> {
    let is_own = |entry: &&ConfigEntry| entry.source == ConfigSource::DynamicTopic;
    let mut entries: HashMap<&str, &str> = before
        .entries
        .iter()
        .filter(is_own)
        .filter_map(|entry| Some((entry.name.as_str(), entry.value.as_deref()?)))
        .collect();
    entries.extend(settings.iter().copied());
    let altered = AlterConfig { specifier: ResourceSpecifier::Topic(topic), entries };
    let answer = admin(config)?.alter_configs(&[altered], &options()).await;
    for result in answer.map_err(|error| config.away(error))? {
        result.map_err(|(_, code)| config.away(format!("{topic} can't be set otherwise: {code}")))?;
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
