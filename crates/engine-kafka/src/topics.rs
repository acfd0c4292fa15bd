//! The topics, and the markers that say which generation of the log begins where.

use std::time::{Duration, Instant};

use bytes::Bytes;
use engine::Envelope;
use metering::Generation;
use metering::wire::{self, Record};
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::metadata::MetadataPartition;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use crate::producer::{Appender, Outgoing};
use crate::settings::{SEGMENT_MAX, Topic};
use crate::{KafkaConfig, KafkaError};

/// How long brokers may take for one thing.
pub(crate) const WITHIN: Duration = Duration::from_secs(30);

/// Records of other producers that may be in a topic before its first marker.
const FIRST_RECORDS: i64 = 1000;

/// How the topics are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topics {
    /// Of the readings: as many owners can share the work.
    pub partitions: u32,
    /// Copies of every record.
    pub replication: u32,
    /// Copies that have to have a record before it is acknowledged.
    pub in_sync: u32,
    /// How long readings are kept.
    pub retention: Duration,
    /// How long dead letters are kept.
    pub dead_retention: Duration,
    /// How long changed rows are kept: whoever was away for longer reads the store again.
    pub live_retention: Duration,
}

impl Default for Topics {
    fn default() -> Self {
        Topics {
            partitions: 12,
            replication: 1,
            in_sync: 1,
            retention: Duration::from_secs(7 * 86_400),
            dead_retention: Duration::from_secs(365 * 86_400),
            live_retention: Duration::from_secs(3600),
        }
    }
}

/// What a migration found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// A line each.
    pub done: Vec<String>,
    /// The generations of the topic that is there now, oldest first. To be remembered, and given to the next migration.
    pub generations: Vec<Generation>,
    /// Whether the last of them is a new one, which begins with [`mark`]: after it has been remembered, or an owner
    /// could meet a generation that nobody knows.
    pub begins: bool,
}

/// Makes the topics that are missing and adds partitions. Idempotent; refuses to shrink. `known` is what the last
/// migration said; nothing, before the first. `begun`: the last of them whose markers are known to be in the topic.
pub async fn migrate(
    config: &KafkaConfig,
    topics: Topics,
    known: &[Generation],
    begun: Option<Generation>,
) -> Result<Migrated, KafkaError> {
    let admin: AdminClient<DefaultClientContext> =
        config.client().create().map_err(|error| config.away(error))?;
    let mut done = Vec::new();
    for topic in config.topics() {
        let name = topic.name.clone();
        let partitions = if topic.is_of_readings() { topics.partitions } else { 1 };
        if make(&admin, config, &topic, partitions, topics).await? {
            done.push(format!("topic {name}, {partitions} partitions, {} copies", topics.replication));
            wait_until_known(config, &name, partitions).await?;
        }
    }
    let there = partitions_of(config, &config.readings()).await?;
    if there > topics.partitions {
        return Err(KafkaError::Refused(format!(
            "partitions is {}; allowed is {there}, as many as topic {} has, or more: partitions can be added, never taken away",
            topics.partitions,
            config.readings()
        )));
    }
    if there < topics.partitions {
        let name = config.readings();
        let more = NewPartitions::new(&name, topics.partitions as usize);
        let outcome =
            admin.create_partitions(&[more], &options()).await.map_err(|error| config.away(error))?;
        for result in outcome {
            result.map_err(|(topic, code)| {
                config.away(format!("{topic} can't have more partitions: {code}"))
            })?;
        }
        done.push(format!("{} more partitions of {}", topics.partitions - there, config.readings()));
    }
    wait_until_known(config, &config.readings(), topics.partitions).await?;
    let partitions = topics.partitions;
    let Some(last) = known.last() else {
        let generations = vec![announced(1, partitions)?];
        return Ok(Migrated { done, generations, begins: true });
    };
    let is_another = match begun {
        Some(begun) => is_another(config, known, begun.partitions.min(partitions)).await?,
        None => false,
    };
    if !is_another && last.partitions == partitions {
        return Ok(Migrated { done, generations: known.to_vec(), begins: false });
    }
    let next = announced(last.generation + 1, partitions)?;
    let former = if is_another { &[] } else { known };
    Ok(Migrated { done, generations: [former, &[next]].concat(), begins: true })
}

/// A generation with a token that nobody guesses.
fn announced(generation: u32, partitions: u32) -> Result<Generation, KafkaError> {
    let token = getrandom::u64().map_err(|error| KafkaError::NoToken(error.to_string()))?;
    Ok(Generation { generation, partitions, token })
}

pub(crate) fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(WITHIN)).operation_timeout(Some(WITHIN))
}

/// Makes a topic; tells whether it was not there.
async fn make(
    admin: &AdminClient<DefaultClientContext>,
    config: &KafkaConfig,
    topic: &Topic,
    partitions: u32,
    topics: Topics,
) -> Result<bool, KafkaError> {
    let (retention, in_sync) = (topic.kept(&topics).as_millis().to_string(), topics.in_sync.to_string());
    let copies = TopicReplication::Fixed(topics.replication as i32);
    let wanted = NewTopic::new(&topic.name, partitions as i32, copies)
        .set("retention.ms", &retention)
        .set("min.insync.replicas", &in_sync);
    let segment = SEGMENT_MAX.as_millis().to_string();
    let wanted = if topic.is_of_readings() { wanted.set("segment.ms", &segment) } else { wanted };
    let wanted = topic.must.iter().fold(wanted, |wanted, (setting, value, _)| wanted.set(setting, value));
    let outcome = admin.create_topics(&[wanted], &options()).await.map_err(|error| config.away(error))?;
    for result in outcome {
        match result {
            Ok(_) => return Ok(true),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(config.away(format!("topic {topic} can't be made: {code}"))),
        }
    }
    Ok(false)
}

/// How many partitions a topic has.
pub(crate) async fn partitions_of(config: &KafkaConfig, topic: &str) -> Result<u32, KafkaError> {
    Ok(leaders_of(config, topic).await?.len() as u32)
}

/// The leaders of a topic's partitions; -1 where there is none.
async fn leaders_of(config: &KafkaConfig, topic: &str) -> Result<Vec<i32>, KafkaError> {
    of_each_partition(config, topic, MetadataPartition::leader).await
}

/// Something that is told of each partition of a topic; nothing where there is no such topic.
pub(crate) async fn of_each_partition<T: Send + 'static>(
    config: &KafkaConfig,
    topic: &str,
    what: fn(&MetadataPartition) -> T,
) -> Result<Vec<T>, KafkaError> {
    let (config, topic) = (config.clone(), topic.to_owned());
    blocking(move || {
        let consumer: BaseConsumer = config.consumer().create().map_err(|error| config.away(error))?;
        let metadata = consumer.fetch_metadata(Some(&topic), WITHIN).map_err(|error| config.away(error))?;
        let found = metadata.topics().iter().find(|one| one.name() == topic);
        Ok(found.map(|one| one.partitions().iter().map(what).collect()).unwrap_or_default())
    })
    .await
}

/// Waits until every broker knows of a topic's partitions and their leaders: one broker makes them, and another that is
/// asked may not have heard of them yet.
async fn wait_until_known(config: &KafkaConfig, topic: &str, partitions: u32) -> Result<(), KafkaError> {
    let begun = Instant::now();
    for broker in &config.brokers {
        let asked = KafkaConfig { brokers: vec![broker.clone()], ..config.clone() };
        loop {
            match leaders_of(&asked, topic).await {
                Ok(leaders)
                    if leaders.len() == partitions as usize && leaders.iter().all(|leader| *leader >= 0) =>
                {
                    break;
                }
                Ok(_) if begun.elapsed() > WITHIN => {
                    return Err(config.away(format!("not every partition of {topic} has a leader")));
                }
                Ok(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                // It will know when it is back.
                Err(error) => {
                    tracing::warn!(%error, "can't be asked whether it knows {topic}");
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Begins a generation: writes its marker into every partition. One that is there twice says the same.
pub async fn mark(config: &KafkaConfig, generation: Generation) -> Result<(), KafkaError> {
    let (topic, marker) = (config.readings(), Bytes::from(Record::GenerationBegins(generation).encode()));
    let appender = Appender::new(config)?;
    appender.learn_of(&topic, generation.partitions).await?;
    let markers = (0..generation.partitions).map(|partition| Outgoing {
        topic: &topic,
        partition,
        record: Envelope { key: Bytes::new(), value: marker.clone() },
    });
    appender
        .append(markers.collect())
        .await
        .map_err(|error| config.away(format!("no markers in {topic}: {error}")))
}

/// Whether the topic is not the one whose generations are known. Every partition of that one has records, markers at least;
/// and where it still begins with its first record, a marker that is known is among its first ones.
async fn is_another(config: &KafkaConfig, known: &[Generation], partitions: u32) -> Result<bool, KafkaError> {
    let (config, known) = (config.clone(), known.to_vec());
    blocking(move || {
        let marks = all_marks(&config, partitions)?;
        if marks.iter().any(|(_, head)| *head == 0) {
            return Ok(true);
        }
        match marks.first() {
            Some((0, head)) => Ok(!has_marker_of(&config, &known, (*head).min(FIRST_RECORDS))?),
            _ => Ok(false),
        }
    })
    .await
}

/// Whether there is a marker of these generations among the first records of partition 0.
fn has_marker_of(config: &KafkaConfig, known: &[Generation], first: i64) -> Result<bool, KafkaError> {
    let (away, topic) = (|error| config.away(error), config.readings());
    let consumer: BaseConsumer = config.consumer().create().map_err(away)?;
    let mut place = TopicPartitionList::new();
    place
        .add_partition_offset(&topic, 0, Offset::Beginning)
        .and_then(|()| consumer.assign(&place))
        .map_err(away)?;
    loop {
        let Some(message) = consumer.poll(WITHIN) else {
            return Err(config.away(format!("the first records of {topic} do not come")));
        };
        let message = message.map_err(away)?;
        let key = message.key().unwrap_or_default();
        if let Ok(Record::GenerationBegins(found)) = wire::decode(key, message.payload().unwrap_or_default())
            && known.contains(&found)
        {
            return Ok(true);
        }
        if message.offset() + 1 >= first {
            return Ok(false);
        }
    }
}

/// Of each partition the first offset, and the next.
fn all_marks(config: &KafkaConfig, partitions: u32) -> Result<Vec<(i64, i64)>, KafkaError> {
    let consumer: BaseConsumer = config.consumer().create().map_err(|error| config.away(error))?;
    (0..partitions as i32)
        .map(|partition| consumer.fetch_watermarks(&config.readings(), partition, WITHIN))
        .map(|marks| marks.map_err(|error| config.away(error)))
        .collect()
}

/// librdkafka's calls block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, KafkaError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| Err(KafkaError::Refused(format!("a call to Kafka panicked: {panic}"))))
}
